#include "gui/model/bookmarks.h"

#include <fmt/format.h>

#include <QFile>
#include <nlohmann/json.hpp>

namespace mk::gui {

std::string bookmarks_path(const std::string& trace) { return trace + ".bookmarks.json"; }

Result<std::vector<Bookmark>> read_bookmarks(const std::string& trace) {
  const std::string path = bookmarks_path(trace);
  QFile file(QString::fromStdString(path));
  if (!file.exists()) return std::vector<Bookmark>();
  if (!file.open(QIODevice::ReadOnly))
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path));
  const nlohmann::json json =
      nlohmann::json::parse(file.readAll().toStdString(), nullptr, /*allow_exceptions=*/false);
  const Error wrong{ErrorCode::kInvalidInput, fmt::format("{}: no bookmarks", path)};
  if (!json.is_array()) return tl::unexpected(wrong);
  std::vector<Bookmark> bookmarks;
  for (const nlohmann::json& entry : json) {
    const bool is_one = entry.is_object() && entry.contains("time_ns") && entry.contains("name") &&
                        entry["time_ns"].is_number() && entry["name"].is_string();
    if (!is_one) return tl::unexpected(wrong);
    bookmarks.push_back(
        {entry["time_ns"].get<double>(), QString::fromStdString(entry["name"].get<std::string>())});
  }
  return bookmarks;
}

Status write_bookmarks(const std::string& trace, const std::vector<Bookmark>& bookmarks) {
  const std::string path = bookmarks_path(trace);
  QFile file(QString::fromStdString(path));
  const Error refused{ErrorCode::kIo, fmt::format("{}: cannot be written", path)};
  if (bookmarks.empty()) {
    if (file.exists() && !file.remove()) return tl::unexpected(refused);
    return {};
  }
  nlohmann::json json = nlohmann::json::array();
  for (const Bookmark& b : bookmarks)
    json.push_back({{"time_ns", b.time}, {"name", b.name.toStdString()}});
  const QByteArray text = QByteArray::fromStdString(json.dump(1) + "\n");
  if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
    return tl::unexpected(refused);
  return {};
}

std::vector<MarkLine> mark_lines(const std::vector<Bookmark>& bookmarks, const TimeMap& map) {
  std::vector<MarkLine> lines;
  for (const Bookmark& b : bookmarks)
    lines.push_back({map.to_axis(b.time), b.name, true, std::nullopt});
  return lines;
}

}  // namespace mk::gui
