#include "gui/model/bounds.h"

#include "core/machine.h"

namespace mk::gui {

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
    const LoadedTrace& trace = session.trace(t);
    if (trace.trace().iterations.empty()) continue;
    const TimeMap& map = session.scene().traces[t].map;
    const auto number = static_cast<std::uint32_t>(t);
    const auto begin = static_cast<double>(trace.trace().start());
    lines.push_back({map.to_axis(static_cast<double>(trace.trace().end())),
                     QStringLiteral("end of ") + trace.name(), false, number});
    if (const auto bound = bytes_bound(trace.trace())) {
      lines.push_back({map.to_axis(begin + *bound),
                       QStringLiteral("bytes bound of ") + trace.name(), false, number});
    }
  }
  return lines;
}

}  // namespace mk::gui
