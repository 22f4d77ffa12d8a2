#include "experiments/cli/answer.h"

#include <algorithm>
#include <vector>

namespace mk::cli {
namespace {

std::string csv_cell(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  const std::string& text = value.get_ref<const std::string&>();
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// The names of all columns, in the order in which the rows name them first.
std::vector<std::string> columns_of(const Json& rows) {
  std::vector<std::string> columns;
  for (const Json& row : rows) {
    for (const auto& [name, value] : row.items()) {
      const bool is_new = std::find(columns.begin(), columns.end(), name) == columns.end();
      if (is_new && !value.is_structured()) columns.push_back(name);
    }
  }
  return columns;
}

std::string to_csv(const Json& rows) {
  const std::vector<std::string> columns = columns_of(rows);
  std::string csv;
  const auto end_cell = [&](std::size_t i) { csv += i + 1 == columns.size() ? '\n' : ','; };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    csv += csv_cell(columns[i]);
    end_cell(i);
  }
  for (const Json& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      csv += row.contains(columns[i]) ? csv_cell(row[columns[i]]) : "";
      end_cell(i);
    }
  }
  return csv;
}

}  // namespace

std::optional<Format> format_from_name(std::string_view name) {
  if (name == "text") return Format::kText;
  if (name == "json") return Format::kJson;
  if (name == "csv") return Format::kCsv;
  return std::nullopt;
}

std::string render(const Answer& answer, Format format) {
  switch (format) {
    case Format::kText:
      return answer.text;
    case Format::kJson:
      return answer.json.dump(2) + "\n";
    case Format::kCsv:
      break;
  }
  const Json& source = answer.rows.is_null() ? answer.json : answer.rows;
  return to_csv(source.is_array() ? source : Json::array({source}));
}

}  // namespace mk::cli
