#include "experiments/cli/table.h"

#include <algorithm>
#include <utility>

namespace mk::cli {
namespace {

using Row = std::vector<std::string>;

bool looks_like_a_number(const std::string& cell) {
  return cell.empty() || cell == "-" || cell.find_first_of("0123456789") == 0 ||
         (cell.find_first_of("+-.") == 0 && cell.find_first_of("0123456789") != std::string::npos);
}

// Code points, so that "±" counts as one.
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void append_row(std::string& text, const Row& row, const std::vector<std::size_t>& widths,
                const std::vector<bool>& to_the_right) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - width_of(row[i]), ' ');
    if (i > 0) line += "  ";
    line += to_the_right[i] ? padding + row[i] : row[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + '\n';
}

}  // namespace

Table::Table(std::vector<std::string> header) : header_(std::move(header)) {}

void Table::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string Table::str() const {
  std::size_t columns = header_.size();
  for (const Row& row : rows_) columns = std::max(columns, row.size());
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> to_the_right(columns, true);
  for (std::size_t i = 0; i < header_.size(); ++i) widths[i] = width_of(header_[i]);
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      if (!looks_like_a_number(row[i])) to_the_right[i] = false;
    }
  }
  std::string text;
  if (!header_.empty()) append_row(text, header_, widths, to_the_right);
  for (const Row& row : rows_) append_row(text, row, widths, to_the_right);
  return text;
}

}  // namespace mk::cli
