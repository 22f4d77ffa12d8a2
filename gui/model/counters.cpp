#include "gui/model/counters.h"

#include <algorithm>
#include <map>

#include "profiler/analysis/bandwidth.h"

namespace mk::gui {
namespace {

struct Spans {
  std::vector<Nanoseconds> from{};
  std::vector<Nanoseconds> to{};

  void add(Nanoseconds a, Nanoseconds b) {
    if (a == kNotTaken || b == kNotTaken || b <= a) return;
    from.push_back(a);
    to.push_back(b);
  }
  void append_to(std::vector<Steps>& counters, const char* name) {
    if (!from.empty()) counters.push_back(count_steps(name, std::move(from), std::move(to)));
  }
};

void add_recorded(const Trace& trace, std::vector<Steps>& counters) {
  std::map<std::uint32_t, std::vector<Steps::Step>> tracks;
  for (const CounterSample& sample : trace.counters)
    tracks[sample.track].push_back({sample.time, sample.value});
  for (auto& [track, steps] : tracks) {
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Steps::Step& a, const Steps::Step& b) { return a.time < b.time; });
    counters.emplace_back(trace.strings[track], std::move(steps));
  }
}

// What the tasks' costs say that they read; what was counted, if anything was, is a recorded track.
void add_bandwidth(const Trace& trace, std::vector<Steps>& counters) {
  constexpr std::uint32_t kPieces = 4096;
  std::vector<Steps::Step> steps;
  for (const BandwidthSample& piece : bandwidth_over_time(trace, kPieces))
    steps.push_back({piece.start, piece.gigabytes_per_second()});
  if (steps.empty()) return;
  steps.push_back({trace.end(), 0});
  counters.emplace_back("memory GB/s", std::move(steps));
}

}  // namespace

std::vector<Steps> counters_of(const Trace& trace) {
  std::vector<Steps> counters;
  add_recorded(trace, counters);
  add_bandwidth(trace, counters);
  const SliceColumns& s = trace.slices;
  Spans running;
  Spans ready;
  Spans queued;
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    running.add(s.start[k], s.end[k]);
    ready.add(s.ready[k], s.start[k]);
    queued.add(s.enqueued[k], s.fetched[k] != kNotTaken ? s.fetched[k] : s.start[k]);
  }
  running.append_to(counters, "tasks running");
  ready.append_to(counters, "tasks ready");
  queued.append_to(counters, "tasks queued");
  return counters;
}

}  // namespace mk::gui
