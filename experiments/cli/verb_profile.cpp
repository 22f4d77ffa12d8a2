#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>

#include "experiments/cli/table.h"
#include "experiments/cli/trace_notes.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/version.h"
#include "profiler/capture/profile_program.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::vector<std::string> command{};
  std::string output{};
  bool quiet = false;
};

// Beside this program; tests, whose program lies elsewhere, name it.
std::string injection_library() {
  if (const char* path = std::getenv("MEGASCOPE_INJECT")) return path;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "libmegascope_inject.so").string();
}

struct LaneTime {
  std::uint64_t slices = 0;
  Nanoseconds busy = 0;
};

Answer to_answer(const Options& options, const capture::Profile& profile) {
  const Trace& trace = profile.trace;
  std::vector<LaneTime> lanes(trace.lanes.size());
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    LaneTime& lane = lanes[trace.slices.lane[k]];
    ++lane.slices;
    lane.busy += trace.slices.end[k] - trace.slices.start[k];
  }
  Answer answer{.json = {{"trace", options.output},
                         {"ended", profile.ended},
                         {"processes", profile.processes},
                         {"slices", trace.slices.size()},
                         {"flows", trace.flows.size()},
                         {"span_us", static_cast<double>(trace.makespan()) * 1e-3},
                         {"lanes", Json::array()}}};
  Table table({"lane", "slices", "busy us"});
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::string name = lane_name(trace.lanes[i]);
    const double busy = static_cast<double>(lanes[i].busy) * 1e-3;
    answer.json["lanes"].push_back(
        {{"lane", name}, {"slices", lanes[i].slices}, {"busy_us", busy}});
    table.add({name, std::to_string(lanes[i].slices), fmt::format("{:.1f}", busy)});
  }
  answer.rows = answer.json["lanes"];
  answer.text =
      fmt::format("{}: {} slices of {} processes in {:.1f} us; the program ended with {}\n",
                  options.output, trace.slices.size(), profile.processes,
                  static_cast<double>(trace.makespan()) * 1e-3, profile.ended);
  if (!lanes.empty()) answer.text += "\n" + table.str();
  add_health(trace, answer);
  answer.exit_status = profile.exit_status;
  return answer;
}

Result<Answer> profile_it(const Options& options, const Console& console) {
  Result<capture::Profile> profile =
      capture::profile_program({options.command, injection_library(), options.quiet});
  if (!profile) return tl::unexpected(profile.error());
  profile->trace.meta["tool_version"] = version();
  profile->trace.meta["command_line"] = console.command_line;
  if (Status status = write_trace(profile->trace, options.output); !status) {
    return tl::unexpected(status.error());
  }
  return to_answer(options, *profile);
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.arguments("PROGRAM", options->command, "program and its arguments, after '--'").required();
  flags.value("-o,--output", options->output, "TRACE", "trace to write").required();
  flags.toggle("--output-to-stderr", options->quiet,
               "the program's standard output goes to standard error");
  return [options](Console& console) { return profile_it(*options, console); };
}

}  // namespace

constinit const Verb profile_verb = {
    .name = "profile",
    .summary = "records what any CUDA program does: kernels, copies, API calls, NVTX ranges",
    .arguments = "-o TRACE [options] -- PROGRAM ...",
    .description =
        "Runs a program with CUPTI put into it, and writes a trace of its kernels, copies, API\n"
        "calls, waits and NVTX ranges. Ends with the program's own exit status (128 + N after\n"
        "signal N); a program that crashes leaves what was captured until then. Without a CUDA\n"
        "device only NVTX ranges are recorded, and the trace says so.",
    .examples = "megascope profile -o run.db -- ./my_cuda_program --size 4096",
    .declare = declare,
};

}  // namespace mk::cli
