#include <fmt/format.h>

#include <memory>

#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"
#include "profiler/analysis/critical_path.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string trace{};
  std::string task{};
  std::uint32_t iteration = 0;
};

double to_us(Nanoseconds time) { return static_cast<double>(time) * 1e-3; }

// "scheduler 2.31, poll 0.70": what came between.
std::string text_of(const std::vector<PathSegment>& waits) {
  std::string text;
  for (const PathSegment& wait : waits) {
    text += fmt::format("{}{} {:.2f}", text.empty() ? "" : ", ", facts(wait.cause).name,
                        to_us(wait.end - wait.start));
  }
  return text;
}

Json json_of(const std::vector<PathSegment>& waits) {
  Json json = Json::array();
  for (const PathSegment& wait : waits) {
    json.push_back({{"cause", std::string(facts(wait.cause).name)},
                    {"time_us", to_us(wait.end - wait.start)}});
  }
  return json;
}

// Times count from the iteration's start.
Answer describe(const Trace& trace, const std::vector<ChainLink>& chain) {
  Answer answer{.json = Json::array()};
  Table table({"task", "worker", "start us", "end us", "held by", "until us", "then, us"});
  for (const ChainLink& link : chain) {
    const Nanoseconds zero = trace.iterations[link.iteration].start;
    const std::string task = trace.graph_of(link.iteration).task_name(link.task);
    const std::string lane = lane_name(trace.lanes[link.lane]);
    const std::vector<PathSegment> waits = waits_of(trace, link);
    answer.json.push_back({{"task", task},
                           {"task_id", link.task},
                           {"lane", lane},
                           {"start_us", to_us(link.start - zero)},
                           {"end_us", to_us(link.end - zero)},
                           {"held_by", std::string(name_of(link.held_by))},
                           {"released_us", to_us(link.released - zero)},
                           {"waits", json_of(waits)}});
    table.add({task, lane, fmt::format("{:.2f}", to_us(link.start - zero)),
               fmt::format("{:.2f}", to_us(link.end - zero)), std::string(name_of(link.held_by)),
               fmt::format("{:.2f}", to_us(link.released - zero)), text_of(waits)});
  }
  answer.text = table.str();
  return answer;
}

Result<Answer> explain_it(const Options& options) {
  const Result<Trace> trace = read_trace(options.trace);
  if (!trace) return tl::unexpected(trace.error());
  if (options.iteration >= trace->iterations.size()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: there is no iteration {}, the trace has {}", options.trace,
                            options.iteration, trace->iterations.size()));
  }
  if (facts(trace->policy.kind).family == PolicyFamily::kPerKernel) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: {} runs kernels one after another, and records no tasks",
                            options.trace, facts(trace->policy.kind).name));
  }
  const Result<std::uint32_t> task = find_task(trace->graph_of(options.iteration), options.task);
  if (!task) return with_context(options.trace, task.error());
  const Result<std::vector<ChainLink>> chain =
      explain(TraceIndex(*trace), options.iteration, *task);
  if (!chain) return with_context(options.trace, chain.error());
  return describe(*trace, *chain);
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("TRACE", options->trace, "what 'simulate' or 'run' wrote").required();
  flags.argument("TASK", options->task, "its number, or its name: L3.qkv[17]").required();
  flags.value("--iteration", options->iteration, "N", "in which iteration, counted from 0");
  return [options](Console&) { return explain_it(*options); };
}

}  // namespace

constinit const Verb explain_verb = {
    .name = "explain",
    .summary = "says why a task started when it did",
    .arguments = "TRACE TASK [options]",
    .description =
        "Follows the chain of causes back from TASK to the iteration's begin: what held it (the\n"
        "last task that its event waited for, or the task before it on its worker) and what came\n"
        "between, what held that task, and so on. Times count from the iteration's begin.",
    .examples = "megascope explain measured.db 'L3.qkv[17]' --iteration 2",
    .declare = declare,
};

}  // namespace mk::cli
