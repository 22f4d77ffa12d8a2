#include "traces/export_parts.h"

#include "core/annotate.h"
#include "traces/whole_file.h"

namespace mk {

Result<ExportCounts> write_export(const std::string& path,
                                  const std::function<ExportCounts(TextFile&)>& write) {
  const Annotation phase("export");
  ExportCounts counts;
  const Status status = write_whole_file(path, [&](const std::string& partial) -> Status {
    Result<TextFile> file = TextFile::create(partial);
    if (!file) return tl::unexpected(file.error());
    counts = write(*file);
    return file->close();
  });
  if (!status) return tl::unexpected(status.error());
  return counts;
}

std::uint64_t rows_left_out(const Trace& trace) {
  return trace.activations.size() + trace.requests.size() + trace.clocks.size() +
         trace.health.size();
}

SliceTitle slice_title(const Trace& trace, std::size_t slice) {
  const SliceColumns& s = trace.slices;
  if (!s.is_task(slice)) return {trace.strings[s.name[slice]], "span"};
  const TraceGraph& graph = trace.graph_of(s.iteration[slice]);
  return {graph.task_name(s.task[slice]), name_of(graph.tasks.kind[s.task[slice]])};
}

}  // namespace mk
