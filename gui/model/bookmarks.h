// Bookmarks: named times, kept in a small JSON file beside the trace, so that the trace itself is
// never written.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "gui/timeline/overlay.h"

namespace mk::gui {

struct Bookmark {
  double time = 0;  // ns, of the first trace
  QString name{};
  friend bool operator==(const Bookmark&, const Bookmark&) = default;
};

// "<trace>.bookmarks.json".
std::string bookmarks_path(const std::string& trace);

// None where there is no file; InvalidInput names a file that is none of ours.
Result<std::vector<Bookmark>> read_bookmarks(const std::string& trace);
// Removes the file where there are no bookmarks.
Status write_bookmarks(const std::string& trace, const std::vector<Bookmark>& bookmarks);

std::vector<MarkLine> mark_lines(const std::vector<Bookmark>& bookmarks, const TimeMap& map);

}  // namespace mk::gui
