#include <fmt/format.h>

#include <memory>

#include "experiments/cli/trace_notes.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/version.h"
#include "traces/import.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string file{};
  std::string output{};
};

Result<Answer> import_it(const Options& options) {
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
                "Nsight Systems' SQLite export, or Chrome's or Perfetto's JSON")
      .required();
  flags.value("-o,--output", options->output, "TRACE", "trace to write").required();
  return [options](Console&) { return import_it(*options); };
}

}  // namespace

constinit const Verb import_verb = {
    .name = "import",
    .summary = "makes a trace of another tool's",
    .arguments = "FILE -o TRACE",
    .description =
        "Reads what 'nsys export --type sqlite' or a tracer that writes Chrome's JSON wrote, and\n"
        "makes a trace of it; says what came over and what did not.",
    .examples = "megascope import report.sqlite -o report.db",
    .declare = declare,
};

}  // namespace mk::cli
