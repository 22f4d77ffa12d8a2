#include <fmt/format.h>

#include <memory>

#include "experiments/cli/table.h"
#include "experiments/cli/text_file.h"
#include "experiments/cli/verb_list.h"
#include "profiler/analysis/calibrate.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::vector<std::string> traces{};
  std::string machine{};
  std::string output{};
};

Result<std::vector<Trace>> read_all(const std::vector<std::string>& paths) {
  std::vector<Trace> traces;
  for (const std::string& path : paths) {
    Result<Trace> trace = read_trace(path);
    if (!trace) return tl::unexpected(trace.error());
    traces.push_back(std::move(*trace));
  }
  return traces;
}

std::string interval_of(const FittedNumber& number) {
  if (number.low == number.high) return "";
  return fmt::format("{:.4g} - {:.4g}", number.low, number.high);
}

Answer describe(const Calibration& calibration, const std::string& output) {
  Answer answer{.json = {{"machine", calibration.machine.name},
                         {"file", output},
                         {"numbers", Json::array()},
                         {"notes", calibration.notes}}};
  Table table({"number", "was", "is", "95 % interval", "residual %", "records", "known with"});
  for (const FittedNumber& number : calibration.numbers) {
    answer.json["numbers"].push_back({{"path", number.path},
                                      {"before", number.before},
                                      {"value", number.value},
                                      {"low", number.low},
                                      {"high", number.high},
                                      {"residual", number.residual},
                                      {"count", number.count},
                                      {"known_with", number.known_with}});
    table.add({number.path, fmt::format("{:.4g}", number.before),
               fmt::format("{:.4g}", number.value), interval_of(number),
               fmt::format("{:.1f}", number.residual * 100), fmt::format("{}", number.count),
               number.known_with});
  }
  answer.rows = answer.json["numbers"];
  answer.text = table.str();
  for (const std::string& note : calibration.notes) answer.text += "note: " + note + '\n';
  return answer;
}

Result<Answer> calibrate_it(const Options& options) {
  const Result<Machine> base = load_machine(options.machine);
  if (!base) return tl::unexpected(base.error());
  const Result<std::vector<Trace>> traces = read_all(options.traces);
  if (!traces) return tl::unexpected(traces.error());
  const Result<Calibration> calibration = calibrate(*base, *traces);
  if (!calibration) return tl::unexpected(calibration.error());
  const Status written = write_text(machine_to_json(calibration->machine), options.output);
  if (!written) return tl::unexpected(written.error());
  return describe(*calibration, options.output);
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.arguments("TRACE", options->traces, "measured runs on the machine, undisturbed").required();
  flags
      .value("--machine", options->machine, "BASE",
             "what 'microbench' wrote, or a name of 'machines'")
      .required();
  flags.value("-o,--output", options->output, "MACHINE", "the fitted machine, as JSON").required();
  return [options](Console&) { return calibrate_it(*options); };
}

}  // namespace

constinit const Verb calibrate_verb = {
    .name = "calibrate",
    .summary = "fits a machine's numbers to measured runs",
    .arguments = "TRACE ... --machine BASE -o MACHINE [options]",
    .description =
        "Fits few, named, physical numbers (rates and fixed costs of task bodies, hand-off, "
        "notify,\n"
        "the iteration boundary) to measured runs, each with its interval, the residual that is\n"
        "left and the numbers that these runs cannot tell apart from it. All others stay those of\n"
        "BASE.",
    .examples = "megascope calibrate measured.db --machine host.json -o fitted.json",
    .declare = declare,
};

}  // namespace mk::cli
