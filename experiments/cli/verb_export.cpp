#include <fmt/format.h>

#include <memory>

#include "experiments/cli/verb_list.h"
#include "traces/export.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string trace{};
  std::string to = "perfetto";
  std::string output{};
};

Result<Answer> export_it(const Options& options) {
  const Result<Trace> trace = read_trace(options.trace);
  if (!trace) return tl::unexpected(trace.error());
  const auto write = options.to == "perfetto" ? export_perfetto
                     : options.to == "chrome" ? export_chrome
                                              : export_csv;
  const Result<ExportCounts> counts = write(*trace, options.output);
  if (!counts) return tl::unexpected(counts.error());
  return Answer{
      .json = {{"file", options.output},
               {"slices", counts->slices},
               {"flows", counts->flows},
               {"counters", counts->counters},
               {"left_out", counts->left_out}},
      .text = fmt::format("{}: {} slices, {} arrows, {} counter samples; {} rows of other "
                          "tables left out\n",
                          options.output, counts->slices, counts->flows, counts->counters,
                          counts->left_out)};
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("TRACE", options->trace, "what 'simulate' or 'run' wrote").required();
  flags.value("--to", options->to, "FORMAT", "perfetto (ui.perfetto.dev), chrome (JSON) or csv")
      .one_of({"perfetto", "chrome", "csv"});
  flags.value("-o,--output", options->output, "FILE", "what to write").required();
  return [options](Console&) { return export_it(*options); };
}

}  // namespace

constinit const Verb export_verb = {
    .name = "export",
    .summary = "writes a trace for other programs",
    .arguments = "TRACE -o FILE [options]",
    .description =
        "Writes the slices of a trace in Perfetto's own format, which ui.perfetto.dev opens, as\n"
        "Chrome's JSON or as CSV, and says what came over and what did not.",
    .examples = "megascope export measured.db -o measured.pftrace",
    .declare = declare,
};

}  // namespace mk::cli
