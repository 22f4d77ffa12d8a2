// What Perfetto's and Chrome's formats have in common: one walk over lanes, slices with their
// arrows and details, and counters, which says what was carried over. Used inside traces/ only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "traces/export.h"
#include "traces/export_parts.h"
#include "traces/flows.h"

namespace mk {

// An arrow's number is its place in arrows_of().
struct SliceEvent {
  std::uint32_t slice = 0;
  SliceTitle title{};
  std::span<const SliceDetail> details{};
  std::uint32_t first_out = 0;  // arrows from here: first_out .. end_out - 1
  std::uint32_t end_out = 0;
  std::span<const std::uint32_t> in{};  // arrows to here
};

// Calls visit(name, instant) for each instant of a slice, besides start and end, that was taken.
template <typename Visit>
void for_each_instant(const SliceColumns& s, std::size_t k, Visit&& visit) {
  struct Named {
    std::string_view name;
    const decltype(s.start)& column;
  };
  for (const auto& [name, column] :
       {Named{"enqueued", s.enqueued}, Named{"fetched", s.fetched}, Named{"ready", s.ready},
        Named{"preload", s.preload}, Named{"page", s.page}, Named{"first_data", s.first_data},
        Named{"notified", s.notified}}) {
    if (column[k] != kNotTaken) visit(name, column[k]);
  }
}

// Calls format.lane(number), format.slice(event) and format.counter(sample), in this order.
// Requires: arrows == arrows_of(trace).
template <typename Format>
ExportCounts export_events(const Trace& trace, std::span<const SliceFlow> arrows, Format& format) {
  std::vector<std::vector<std::uint32_t>> in(trace.slices.size());
  for (std::uint32_t a = 0; a < arrows.size(); ++a) in[arrows[a].to].push_back(a);
  for (std::uint32_t lane = 0; lane < trace.lanes.size(); ++lane) format.lane(lane);
  std::uint32_t arrow = 0;
  std::size_t detail = 0;
  const std::span<const SliceDetail> details(trace.details);
  for (std::uint32_t k = 0; k < trace.slices.size(); ++k) {
    SliceEvent event{k, slice_title(trace, k), {}, arrow, arrow, in[k]};
    while (event.end_out < arrows.size() && arrows[event.end_out].from == k) ++event.end_out;
    const std::size_t first_detail = detail;
    while (detail < details.size() && details[detail].slice == k) ++detail;
    event.details = details.subspan(first_detail, detail - first_detail);
    arrow = event.end_out;
    format.slice(event);
  }
  for (const CounterSample& sample : trace.counters) format.counter(sample);
  return {trace.slices.size(), arrows.size(), trace.counters.size(), rows_left_out(trace)};
}

}  // namespace mk
