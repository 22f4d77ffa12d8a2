#include <fmt/format.h>

#include <map>
#include <memory>

#include "experiments/cli/analysis_report.h"
#include "experiments/cli/table.h"
#include "experiments/cli/trace_notes.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/what_if_report.h"
#include "experiments/cli/words.h"
#include "profiler/analysis/analyze.h"
#include "profiler/analysis/critical_path.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string trace{};
  bool critical_path = false;
  bool blame = false;
  bool bubbles = false;
  bool hops = false;
  bool slack = false;
  bool imbalance = false;
  bool overlap = false;
  bool bandwidth = false;
  bool iterations = false;
  WhatIfQuestion what_if{};
};

double to_us(Nanoseconds time) { return static_cast<double>(time) * 1e-3; }

std::string task_name(const Trace& trace, std::uint32_t iteration,
                      const std::optional<std::uint32_t>& task) {
  return task ? trace.graph_of(iteration).task_name(*task) : "-";
}

Json causes_json(const Analysis& analysis) {
  Json causes = Json::array();
  for (const CauseTime& row : analysis.causes) {
    causes.push_back({{"cause", std::string(facts(row.cause).name)},
                      {"time_us", row.time_us()},
                      {"share", row.share},
                      {"meaning", std::string(facts(row.cause).meaning)}});
  }
  return causes;
}

Json lanes_json(const Trace& trace, const Analysis& analysis) {
  Json lanes = Json::array();
  for (const LaneUse& use : analysis.lanes) {
    lanes.push_back({{"lane", lane_name(trace.lanes[use.lane])},
                     {"tasks", use.tasks},
                     {"busy_us", to_us(use.busy)},
                     {"busy_fraction", use.busy_fraction},
                     {"longest_wait_us", to_us(use.longest_wait)}});
  }
  return lanes;
}

std::string headline(const Analysis& analysis) {
  if (analysis.iterations == 0) {
    return fmt::format("{:.1f} us of slices, no iteration of a task graph: nothing has a cause\n",
                       to_us(analysis.makespan));
  }
  return fmt::format("{} in {:.1f} us, {}, {:.1f} % busy\n",
                     counted(analysis.iterations, "iteration"), to_us(analysis.makespan),
                     counted(analysis.workers, "worker"), analysis.busy_fraction * 100);
}

std::string causes_text(const Analysis& analysis) {
  Table table({"cause", "time us", "share %", "meaning"});
  for (const CauseTime& row : analysis.causes) {
    table.add({std::string(facts(row.cause).name), fmt::format("{:.1f}", row.time_us()),
               fmt::format("{:.1f}", row.share * 100), std::string(facts(row.cause).meaning)});
  }
  return table.str();
}

void add_bubbles(const Trace& trace, const Analysis& analysis, Answer& answer) {
  Table table({"bubble us", "worker", "iteration", "cause", "before task"});
  answer.json["bubbles"] = Json::array();
  for (const Bubble& bubble : analysis.bubbles) {
    const std::string lane = lane_name(trace.lanes[bubble.lane]);
    const std::string task = task_name(trace, bubble.iteration, bubble.task);
    answer.json["bubbles"].push_back({{"lane", lane},
                                      {"start_us", to_us(bubble.start)},
                                      {"time_us", to_us(bubble.end - bubble.start)},
                                      {"cause", std::string(facts(bubble.cause).name)},
                                      {"iteration", bubble.iteration},
                                      {"task", task}});
    table.add({fmt::format("{:.1f}", to_us(bubble.end - bubble.start)), lane,
               fmt::format("{}", bubble.iteration), std::string(facts(bubble.cause).name), task});
  }
  answer.text += "\nlongest stretches in which a worker did not execute:\n" + table.str();
}

void add_critical_path(const Trace& trace, const CriticalPath& path, Answer& answer) {
  std::map<Cause, Nanoseconds> time_of;
  for (const PathSegment& segment : path.segments)
    time_of[segment.cause] += segment.end - segment.start;
  Table table({"on the critical path", "time us", "share %"});
  Json causes = Json::array();
  for (const auto& [cause, time] : time_of) {
    const double share = static_cast<double>(time) / static_cast<double>(trace.makespan());
    causes.push_back(
        {{"cause", std::string(facts(cause).name)}, {"time_us", to_us(time)}, {"share", share}});
    table.add({std::string(facts(cause).name), fmt::format("{:.1f}", to_us(time)),
               fmt::format("{:.1f}", share * 100)});
  }
  answer.json["critical_path"] = {{"tasks", path.links.size()}, {"causes", causes}};
  answer.text += fmt::format("\ncritical path: {} tasks\n{}", path.links.size(), table.str());
}

void add_blame(const CriticalPath& path, Answer& answer) {
  Table table({"operator", "time us", "share %"});
  answer.json["blame"] = Json::array();
  for (const PathBlame& row : path.operators) {
    answer.json["blame"].push_back(
        {{"operator", row.name}, {"time_us", row.time_us}, {"share", row.share}});
    table.add(
        {row.name, fmt::format("{:.1f}", row.time_us), fmt::format("{:.1f}", row.share * 100)});
  }
  answer.text +=
      "\ntime of the critical path in and before the tasks of each operator:\n" + table.str();
}

Result<Answer> analyze_it(const Options& options) {
  const Result<Trace> trace = read_trace(options.trace);
  if (!trace) return tl::unexpected(trace.error());
  const Analysis analysis = analyze(*trace);
  Answer answer{.json = {{"makespan_us", to_us(analysis.makespan)},
                         {"iterations", analysis.iterations},
                         {"workers", analysis.workers},
                         {"busy_fraction", analysis.busy_fraction},
                         {"causes", causes_json(analysis)},
                         {"lanes", lanes_json(*trace, analysis)}}};
  answer.rows = answer.json["causes"];
  answer.text = headline(analysis) + remarks(*trace);
  add_clocks(*trace, answer);
  add_health(*trace, answer);
  if (!analysis.causes.empty()) answer.text += "\n" + causes_text(analysis);
  if (options.bubbles) add_bubbles(*trace, analysis, answer);
  const TraceIndex index(*trace);
  if (options.critical_path || options.blame) {
    const CriticalPath path = critical_path(index);
    if (options.critical_path) add_critical_path(*trace, path, answer);
    if (options.blame) add_blame(path, answer);
  }
  if (options.slack) add_slack(index, answer);
  if (options.hops) add_hops(index, answer);
  if (options.imbalance) add_imbalance(*trace, answer);
  if (options.overlap) add_overlap(*trace, answer);
  if (options.bandwidth) add_bandwidth(*trace, answer);
  if (options.iterations) add_iterations(*trace, answer);
  if (const Status added = add_what_if(*trace, options.what_if, answer); !added)
    return with_context(options.trace, added.error());
  return answer;
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("TRACE", options->trace, "what 'simulate' or 'run' wrote").required();
  flags.toggle("--critical-path", options->critical_path,
               "causes along the chain of tasks that made the run this long");
  flags.toggle("--blame", options->blame, "the same chain's time by operator");
  flags.toggle("--bubbles", options->bubbles, "the longest stretches without work");
  flags.toggle("--slack", options->slack, "how much later tasks could have ended at no cost");
  flags.toggle("--hops", options->hops, "from an event to the start of what it launched");
  flags.toggle("--imbalance", options->imbalance, "how unevenly work was spread over workers");
  flags.toggle("--overlap", options->overlap, "communication hidden behind computing");
  flags.toggle("--bandwidth", options->bandwidth, "bytes streamed, over time");
  flags.toggle("--iterations", options->iterations, "each iteration against the steady median");
  flags.toggle("--replay", options->what_if.replay,
               "play the recorded bodies again: with recorded hand-offs, and with a machine's");
  flags
      .value("--seeds", options->what_if.seeds, "N",
             "as many draws of a replay's hand-offs, from seed 1 on")
      .default_text("1");
  flags.repeated("--what-if", options->what_if.changes, "KEY=VALUE",
                 "replay it with policy, workers ... or a machine's number changed");
  flags.toggle("--check-blame", options->what_if.check_blame,
               "hold the critical path against replays with cheaper causes");
  flags
      .value("--machine", options->what_if.machine, "MACHINE",
             "for replays of runs that carry none")
      .default_text("the trace's");
  return [options](Console&) { return analyze_it(*options); };
}

}  // namespace

constinit const Verb analyze_verb = {
    .name = "analyze",
    .summary = "says where the time of a run went",
    .arguments = "TRACE [options]",
    .description =
        "Divides the time of all workers by cause: executing, or waiting, and for what. The "
        "causes\n"
        "sum to makespan x workers exactly. --what-if simulates the run again with its measured\n"
        "durations, as it was and with KEY changed: policy, placement, workers, schedulers,\n"
        "mechanism.NAME, or a number of the machine. --replay says how far the simulator's "
        "protocol\n"
        "alone is from the run.",
    .examples =
        "megascope analyze measured.db --critical-path --bubbles\n"
        "megascope analyze predicted.db --what-if memory.curve.0.bandwidth=2000 --check-blame",
    .declare = declare,
};

}  // namespace mk::cli
