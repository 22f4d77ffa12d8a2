#include <fmt/format.h>

#include <iterator>

#include "traces/export_parts.h"

namespace mk {
namespace {

constexpr std::string_view kHeader =
    "id,lane,device,kind,number,task,task_name,operator,layer,iteration,name,start_ns,end_ns,"
    "enqueued_ns,fetched_ns,ready_ns,preload_ns,page_ns,first_data_ns,notified_ns,bound\n";

void add_text(std::string& row, std::string_view text) {
  row += ',';
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) {
    row += text;
    return;
  }
  row += '"';
  for (const char c : text) row += c == '"' ? "\"\"" : std::string(1, c);
  row += '"';
}

void add_instant(std::string& row, Nanoseconds at) {
  row += ',';
  if (at != kNotTaken) fmt::format_to(std::back_inserter(row), "{}", at);
}

std::string csv_row(const Trace& trace, std::size_t k) {
  const SliceColumns& s = trace.slices;
  const Lane& lane = trace.lanes[s.lane[k]];
  std::string row =
      fmt::format("{},{},{},{},{}", k, s.lane[k], lane.device, name_of(lane.kind), lane.number);
  if (s.is_task(k)) {
    const TraceGraph& graph = trace.graph_of(s.iteration[k]);
    const TraceOperator& op = graph.op_of(s.task[k]);
    row += fmt::format(",{}", s.task[k]);
    add_text(row, graph.task_name(s.task[k]));
    add_text(row, op.name);
    row += op.layer ? fmt::format(",{}", *op.layer) : ",";
  } else {
    row += ",,,,";
  }
  row += s.iteration[k] == kNoIndex ? "," : fmt::format(",{}", s.iteration[k]);
  add_text(row, s.is_task(k) ? std::string_view() : std::string_view(trace.strings[s.name[k]]));
  for (const auto* column : {&s.start, &s.end, &s.enqueued, &s.fetched, &s.ready, &s.preload,
                             &s.page, &s.first_data, &s.notified}) {
    add_instant(row, (*column)[k]);
  }
  row += ',';
  if (s.bound[k] != Bound::kUnknown) row += name_of(s.bound[k]);
  row += '\n';
  return row;
}

}  // namespace

Result<ExportCounts> export_csv(const Trace& trace, const std::string& path) {
  return write_export(path, [&](TextFile& file) {
    file.put(kHeader);
    for (std::size_t k = 0; k < trace.slices.size(); ++k) file.put(csv_row(trace, k));
    ExportCounts counts;
    counts.slices = trace.slices.size();
    counts.left_out =
        rows_left_out(trace) + trace.counters.size() + trace.flows.size() + trace.details.size();
    return counts;
  });
}

}  // namespace mk
