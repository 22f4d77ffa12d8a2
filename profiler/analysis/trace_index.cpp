#include "profiler/analysis/trace_index.h"

namespace mk {

TraceIndex::TraceIndex(const Trace& trace) : trace_(trace) {
  for (std::uint32_t i = 0; i < trace.iterations.size(); ++i) {
    slice_of_.emplace_back(trace.graph_of(i).task_count(), kNoIndex);
  }
  const SliceColumns& s = trace.slices;
  for (std::size_t k = s.size(); k-- > 0;) {
    if (s.is_task(k)) slice_of_[s.iteration[k]][s.task[k]] = static_cast<std::uint32_t>(k);
  }
  for (const TraceGraph& graph : trace.graphs) {
    Producers producers;
    producers.first.assign(graph.event_count() + 1, 0);
    for (const std::uint32_t event : graph.tasks.triggering_event) ++producers.first[event + 1];
    for (std::size_t e = 1; e < producers.first.size(); ++e) {
      producers.first[e] += producers.first[e - 1];
    }
    producers.tasks.resize(graph.task_count());
    std::vector<std::uint32_t> next(producers.first.begin(), producers.first.end() - 1);
    for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
      producers.tasks[next[graph.tasks.triggering_event[task]]++] = task;
    }
    producers_.push_back(std::move(producers));
  }
  activations_ = activation_times(cause_input(trace));
}

std::uint32_t TraceIndex::before(std::uint32_t slice) const {
  if (slice == 0 || trace_.slices.lane[slice - 1] != trace_.slices.lane[slice]) return kNoIndex;
  return slice - 1;
}

std::span<const std::uint32_t> TraceIndex::producers(std::uint32_t graph,
                                                     std::uint32_t event) const {
  const Producers& p = producers_[graph];
  return {p.tasks.data() + p.first[event], p.first[event + 1] - p.first[event]};
}

Nanoseconds TraceIndex::ready(std::uint32_t slice) const {
  const SliceColumns& s = trace_.slices;
  if (s.ready[slice] != kNotTaken) return s.ready[slice];
  const std::uint32_t iteration = s.iteration[slice];
  return activated(iteration, trace_.graph_of(iteration).tasks.dependent_event[s.task[slice]]);
}

}  // namespace mk
