#include "profiler/analysis/bandwidth.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "traces/counter_tracks.h"

namespace mk {
namespace {

// Bytes that come from memory, by class, for one iteration.
std::vector<double> bytes_by_class(const TraceGraph& graph, const IterationState& state) {
  std::vector<double> bytes;
  for (const TaskClass& c : graph.classes) {
    bytes.push_back(static_cast<double>(c.weight_bytes.at(state) + c.kv_bytes.at(state)));
  }
  return bytes;
}

// Adds bytes that were streamed evenly in [start, end).
void spread(std::vector<BandwidthSample>& pieces, Nanoseconds start, Nanoseconds end,
            double bytes) {
  const auto first =
      std::upper_bound(pieces.begin(), pieces.end(), start,
                       [](Nanoseconds t, const BandwidthSample& piece) { return t < piece.end; });
  if (start >= end) {
    if (first != pieces.end()) first->bytes += bytes;
    return;
  }
  const double rate = bytes / static_cast<double>(end - start);
  for (auto piece = first; piece != pieces.end() && piece->start < end; ++piece) {
    const Nanoseconds within = std::min(end, piece->end) - std::max(start, piece->start);
    if (within > 0) piece->bytes += rate * static_cast<double>(within);
  }
}

// Time and value of each sample of a counter, by time.
std::vector<std::pair<Nanoseconds, double>> samples_of(const Trace& trace, std::string_view name) {
  std::vector<std::pair<Nanoseconds, double>> found;
  for (const CounterSample& c : trace.counters) {
    if (trace.strings[c.track] == name) found.emplace_back(c.time, c.value);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Each sample holds until the next; the last one says nothing of how long.
void add_counted(const Trace& trace, std::vector<BandwidthSample>& pieces) {
  const auto samples = samples_of(trace, kDramReadTrack);
  std::size_t first = 0;
  for (BandwidthSample& piece : pieces) {
    while (first + 1 < samples.size() && samples[first + 1].first <= piece.start) ++first;
    double sum = 0;
    Nanoseconds time = 0;
    for (std::size_t i = first; i + 1 < samples.size() && samples[i].first < piece.end; ++i) {
      const Nanoseconds within =
          std::min(samples[i + 1].first, piece.end) - std::max(samples[i].first, piece.start);
      if (within <= 0) continue;
      sum += samples[i].second * static_cast<double>(within);
      time += within;
    }
    if (time > 0) piece.counted_gigabytes_per_second = sum / static_cast<double>(time);
  }
}

}  // namespace

std::vector<BandwidthSample> bandwidth_over_time(const Trace& trace, std::uint32_t pieces) {
  const Nanoseconds span = trace.makespan();
  const auto count = std::min<Nanoseconds>(pieces, span);
  std::vector<BandwidthSample> samples;
  for (Nanoseconds i = 0; i < count; ++i) {
    // Without overflow: span is below 2^62, count small.
    const auto at = [&](Nanoseconds n) {
      return trace.start() + span / count * n + span % count * n / count;
    };
    samples.push_back({at(i), at(i + 1), 0, {}});
  }
  std::vector<std::vector<double>> bytes;
  for (const IterationRecord& it : trace.iterations) {
    bytes.push_back(bytes_by_class(trace.graphs[it.graph], it.state));
  }
  const SliceColumns& s = trace.slices;
  bool has_bytes = false;
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const TraceGraph& graph = trace.graph_of(s.iteration[k]);
    const double amount = bytes[s.iteration[k]][graph.tasks.task_class[s.task[k]]];
    if (amount <= 0) continue;
    has_bytes = true;
    spread(samples, std::max(s.start[k], s.first_data[k]), s.end[k], amount);
  }
  if (!has_bytes) samples.clear();
  add_counted(trace, samples);
  return samples;
}

}  // namespace mk
