#include "profiler/analysis/hops.h"

#include <algorithm>
#include <map>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

struct Samples {
  std::vector<double> hops{};
  std::uint64_t worker_busy = 0;
};

HopRow row_of(const std::string& name, Samples& samples) {
  HopRow row{name, samples.hops.size(), samples.worker_busy};
  if (samples.hops.empty()) return row;
  row.p50_us = quantile(samples.hops, 0.5);
  row.p95_us = quantile(samples.hops, 0.95);
  row.p99_us = quantile(samples.hops, 0.99);
  row.max_us = quantile(samples.hops, 1.0);
  return row;
}

}  // namespace

std::vector<HopRow> hop_latencies(const TraceIndex& index) {
  const Trace& trace = index.trace();
  const SliceColumns& s = trace.slices;
  std::map<std::string, Samples> samples;
  std::vector<std::string> order;
  for (const TraceGraph& graph : trace.graphs) {
    for (const TraceOperator& op : graph.operators) {
      if (samples.try_emplace(op.name).second) order.push_back(op.name);
    }
  }
  Samples all;
  for (std::uint32_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const Nanoseconds ready = index.ready(k);
    if (ready == kNotTaken) continue;
    Samples& mine = samples[trace.graph_of(s.iteration[k]).op_of(s.task[k]).name];
    const std::uint32_t before = index.before(k);
    if (before != kNoIndex && std::max(s.end[before], s.notified[before]) > ready) {
      ++mine.worker_busy;
      ++all.worker_busy;
      continue;
    }
    mine.hops.push_back(static_cast<double>(s.start[k] - ready) * 1e-3);
    all.hops.push_back(mine.hops.back());
  }
  std::vector<HopRow> rows;
  if (all.hops.empty() && all.worker_busy == 0) return rows;
  rows.push_back(row_of("(all)", all));
  for (const std::string& name : order) {
    Samples& mine = samples[name];
    if (!mine.hops.empty() || mine.worker_busy > 0) rows.push_back(row_of(name, mine));
  }
  return rows;
}

}  // namespace mk
