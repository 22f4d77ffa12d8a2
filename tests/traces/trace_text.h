// A trace of spans as text, a line a slice, for tests to compare: "stream | kernel | 10 | 20 |
// key=value".
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "traces/trace.h"

namespace mk::testing {

inline std::vector<std::string> slice_lines(const Trace& trace) {
  std::vector<std::string> lines;
  for (std::uint32_t k = 0; k < trace.slices.size(); ++k) {
    std::string line = fmt::format(
        "{} | {} | {} | {}", lane_name(trace.lanes[trace.slices.lane[k]]),
        trace.strings[trace.slices.name[k]], trace.slices.start[k], trace.slices.end[k]);
    for (const SliceDetail& d : trace.details) {
      if (d.slice == k)
        line += fmt::format(" | {}={}", trace.strings[d.key], trace.strings[d.value]);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// "from -> to", by name.
inline std::vector<std::string> flow_lines(const Trace& trace) {
  std::vector<std::string> lines;
  const auto name = [&](std::uint32_t slice) { return trace.strings[trace.slices.name[slice]]; };
  for (const SliceFlow& f : trace.flows)
    lines.push_back(fmt::format("{} -> {}", name(f.from), name(f.to)));
  return lines;
}

// "kind count".
inline std::vector<std::string> health_lines(const Trace& trace) {
  std::vector<std::string> lines;
  for (const HealthRecord& h : trace.health) lines.push_back(fmt::format("{} {}", h.kind, h.count));
  return lines;
}

}  // namespace mk::testing
