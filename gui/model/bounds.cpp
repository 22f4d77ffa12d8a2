#include "gui/model/bounds.h"

#include <algorithm>

#include "core/machine.h"
#include "gui/model/session.h"

namespace mk::gui {
namespace {

double length_of(const TraceIndex& index, std::uint32_t iteration, std::uint32_t task) {
  const std::uint32_t k = index.slice_of(iteration, task);
  const SliceColumns& s = index.trace().slices;
  return k == kNoIndex ? 0 : static_cast<double>(s.end[k] - s.start[k]);
}

double work_of(const TraceIndex& index) {
  double work = 0;
  const SliceColumns& s = index.trace().slices;
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (s.is_task(k)) work += static_cast<double>(s.end[k] - s.start[k]);
  }
  return work;
}

// Tasks stand in topological order, so an event's last arrival is known when it is asked for.
double chain_of(const TraceIndex& index, std::uint32_t iteration) {
  const TraceGraph& graph = index.trace().graph_of(iteration);
  std::vector<double> arrival(graph.event_count());
  double longest = 0;
  for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
    const double end =
        arrival[graph.tasks.dependent_event[task]] + length_of(index, iteration, task);
    double& last = arrival[graph.tasks.triggering_event[task]];
    last = std::max(last, end);
    longest = std::max(longest, end);
  }
  return longest;
}

std::size_t workers_of(const Trace& trace) {
  return static_cast<std::size_t>(
      std::count_if(trace.lanes.begin(), trace.lanes.end(),
                    [](const Lane& lane) { return lane.kind == LaneKind::kWorker; }));
}

}  // namespace

std::vector<RunBound> lower_bounds(const TraceIndex& index) {
  std::vector<RunBound> bounds;
  const Trace& trace = index.trace();
  if (trace.iterations.empty()) return bounds;
  if (const auto bytes = bytes_bound(trace))
    bounds.push_back({"bytes", "reading its bytes once", *bytes});
  if (const std::size_t workers = workers_of(trace); workers > 0)
    bounds.push_back({"work", "all workers busy", work_of(index) / static_cast<double>(workers)});
  double chain = 0;
  for (std::uint32_t i = 0; i < trace.iterations.size(); ++i) chain += chain_of(index, i);
  bounds.push_back({"chain", "its longest chain of tasks", chain});
  return bounds;
}

std::optional<double> bytes_bound(const Trace& trace) {
  const auto json = trace.meta.find("machine");
  if (json == trace.meta.end() || trace.iterations.empty()) return std::nullopt;
  const Result<Machine> machine = machine_from_json(json->second, "the trace's machine");
  if (!machine) return std::nullopt;
  double bytes = 0;
  for (const IterationRecord& iteration : trace.iterations) {
    const TraceGraph& graph = trace.graphs[iteration.graph];
    std::vector<double> of_class;
    for (const TaskClass& c : graph.classes) {
      of_class.push_back(
          static_cast<double>(c.weight_bytes.at(iteration.state) + c.kv_bytes.at(iteration.state)));
    }
    for (const std::uint32_t c : graph.tasks.task_class) bytes += of_class[c];
  }
  const double bandwidth = machine->bandwidth_at(machine->sms.value);  // GB/s: bytes a ns
  if (bytes <= 0 || bandwidth <= 0) return std::nullopt;
  return bytes / bandwidth;
}

std::vector<MarkLine> bound_lines(Session& session) {
  std::vector<MarkLine> lines;
  for (std::size_t t = 0; t < session.size(); ++t) {
    LoadedTrace& trace = session.trace(t);
    if (trace.trace().iterations.empty()) continue;
    const TimeMap& map = session.scene().traces[t].map;
    const auto number = static_cast<std::uint32_t>(t);
    const auto begin = static_cast<double>(trace.trace().start());
    lines.push_back({map.to_axis(static_cast<double>(trace.trace().end())),
                     QStringLiteral("end of ") + trace.name(), false, number});
    for (const RunBound& bound : trace.bounds()) {
      const QString name =
          QString::fromUtf8(bound.name.data(), static_cast<qsizetype>(bound.name.size()));
      lines.push_back({map.to_axis(begin + bound.length),
                       name + QStringLiteral(" bound of ") + trace.name(), false, number});
    }
  }
  return lines;
}

}  // namespace mk::gui
