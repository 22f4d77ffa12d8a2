#include <fmt/format.h>

#include <memory>

#include "experiments/cli/trace_notes.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/version.h"
#include "gpu_backend/host/raw_run.h"
#include "traces/import.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string file{};
  std::string output{};
};

// What a device's lanes wrote down.
Result<Answer> import_raw(const Options& options) {
  Result<RunRecord> record = read_raw_run(options.file);
  if (!record) return tl::unexpected(record.error());
  record->meta["imported_from"] = options.file;
  record->meta["format"] = "raw";
  record->meta["model"] = record->graphs[0]->info().model;
  record->meta["tool_version"] = version();
  const Trace trace = make_trace(*record);
  if (Status status = write_trace(trace, options.output); !status) {
    return tl::unexpected(status.error());
  }
  std::int64_t left_out = 0;
  for (const HealthRecord& h : record->health) {
    for (const char* kind : {"half_written", "out_of_order", "out_of_range"}) {
      if (h.kind == kind) left_out += h.count;
    }
  }
  Answer answer{.json = {{"trace", options.output},
                         {"format", "raw"},
                         {"slices", record->tasks.size()},
                         {"flows", 0},
                         {"counters", 0},
                         {"left_out", left_out}}};
  answer.text = fmt::format("{}: {} slices on {} lanes; {} left out\n", options.output,
                            record->tasks.size(), record->lanes.size(), left_out);
  add_health(trace, answer);
  return answer;
}

Result<Answer> import_it(const Options& options) {
  if (is_raw_run_file(options.file)) return import_raw(options);
  Result<Imported> imported = import_trace(options.file);
  if (!imported) return tl::unexpected(imported.error());
  imported->trace.meta["tool_version"] = version();
  if (Status status = write_trace(imported->trace, options.output); !status) {
    return tl::unexpected(status.error());
  }
  const ImportCounts& counts = imported->counts;
  Answer answer{.json = {{"trace", options.output},
                         {"format", imported->trace.meta["format"]},
                         {"slices", counts.slices},
                         {"flows", counts.flows},
                         {"counters", counts.counters},
                         {"left_out", counts.left_out}}};
  answer.text = fmt::format(
      "{}: {} slices on {} lanes, {} arrows, {} counter samples; {} left out\n", options.output,
      counts.slices, imported->trace.lanes.size(), counts.flows, counts.counters, counts.left_out);
  add_health(imported->trace, answer);
  return answer;
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags
      .argument("FILE", options->file,
                "Nsight Systems' SQLite export, Chrome's or Perfetto's JSON, or a raw run")
      .required();
  flags.value("-o,--output", options->output, "TRACE", "trace to write").required();
  return [options](Console&) { return import_it(*options); };
}

}  // namespace

constinit const Verb import_verb = {
    .name = "import",
    .summary = "makes a trace of another tool's, or of a device's raw records",
    .arguments = "FILE -o TRACE",
    .description =
        "Reads what 'nsys export --type sqlite', a tracer that writes Chrome's JSON or 'megascope "
        "run\n"
        "--raw' wrote, and makes a trace of it; says what came over and what did not.",
    .examples = "megascope import report.sqlite -o report.db",
    .declare = declare,
};

}  // namespace mk::cli
