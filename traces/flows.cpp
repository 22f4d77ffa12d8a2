#include "traces/flows.h"

#include <algorithm>
#include <tuple>

namespace mk {
namespace {

// By iteration and event: the slice of the producer that notified last, kNoIndex where none is
// known.
std::vector<std::vector<std::uint32_t>> last_producers(const Trace& trace) {
  const SliceColumns& s = trace.slices;
  const auto done = [&](std::uint32_t k) { return std::max(s.end[k], s.notified[k]); };
  std::vector<std::vector<std::uint32_t>> last(trace.iterations.size());
  for (std::uint32_t i = 0; i < last.size(); ++i) {
    last[i].assign(trace.graph_of(i).event_count(), kNoIndex);
  }
  for (std::uint32_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const std::uint32_t event = trace.graph_of(s.iteration[k]).tasks.triggering_event[s.task[k]];
    std::uint32_t& producer = last[s.iteration[k]][event];
    if (producer == kNoIndex || done(producer) < done(k)) producer = k;
  }
  return last;
}

}  // namespace

std::vector<SliceFlow> arrows_of(const Trace& trace) {
  const SliceColumns& s = trace.slices;
  const auto last = last_producers(trace);
  std::vector<SliceFlow> arrows = trace.flows;
  for (std::uint32_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const std::uint32_t event = trace.graph_of(s.iteration[k]).tasks.dependent_event[s.task[k]];
    const std::uint32_t producer = last[s.iteration[k]][event];
    if (producer != kNoIndex) arrows.push_back({producer, k});
  }
  std::sort(arrows.begin(), arrows.end(), [](const SliceFlow& a, const SliceFlow& b) {
    return std::tuple(a.from, a.to) < std::tuple(b.from, b.to);
  });
  return arrows;
}

}  // namespace mk
