// What the exports share. Used inside traces/ only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "traces/export.h"
#include "traces/text_file.h"

namespace mk {

// Calls write(file) on a temporary file and renames that to `path` when whole (whole_file.h).
Result<ExportCounts> write_export(const std::string& path,
                                  const std::function<ExportCounts(TextFile&)>& write);

struct SliceTitle {
  std::string name{};
  std::string_view category{};
};

// Rows of what happened that no export holds: activations, requests, clocks, doubts.
std::uint64_t rows_left_out(const Trace& trace);

// A task's name and kind; the recorded name and "span" of any other slice.
SliceTitle slice_title(const Trace& trace, std::size_t slice);

}  // namespace mk
