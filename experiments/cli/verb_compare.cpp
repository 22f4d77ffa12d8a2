#include <fmt/format.h>

#include <memory>

#include "experiments/cli/table.h"
#include "experiments/cli/task_errors_report.h"
#include "experiments/cli/verb_list.h"
#include "profiler/analysis/compare.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

struct Options {
  std::string predicted{};
  std::string measured{};
  std::string by = "operator";
  std::uint32_t warmup = 1;
  std::optional<Flag> warmup_flag{};
  std::uint32_t tasks = 5;
  std::optional<Flag> tasks_flag{};
  bool parts = false;
  std::string floor{};
};

std::string worker_name(const TaskTimes& t) {
  return t.device == 0 ? std::to_string(t.worker) : fmt::format("gpu{}:{}", t.device, t.worker);
}

Json to_json(const MedianP95& figure) { return {{"median", figure.median}, {"p95", figure.p95}}; }

// One flat row, so that it is a row of CSV too.
Json to_json(const TaskDelta& t) {
  return {{"task", t.name},
          {"task_id", t.task},
          {"iteration", t.iteration},
          {"predicted_start_us", t.predicted.start_us},
          {"measured_start_us", t.measured.start_us},
          {"predicted_duration_us", t.predicted.duration_us},
          {"measured_duration_us", t.measured.duration_us},
          {"predicted_own_us", t.predicted.own_us},
          {"measured_own_us", t.measured.own_us},
          {"delta_us", t.delta_us()},
          {"cause", std::string(facts(t.cause).name)},
          {"cause_delta_us", t.cause_delta_us},
          {"predicted_worker", worker_name(t.predicted)},
          {"measured_worker", worker_name(t.measured)}};
}

Json to_json(const Comparison& c) {
  Json json = {{"predicted_iteration_us", c.predicted_iteration_us},
               {"measured_iteration_us", c.measured_iteration_us},
               {"end_to_end_error", c.end_to_end_error},
               {"placement_agreement", c.placement_agreement},
               {"order_agreement", c.order_agreement},
               {"start_error_us", to_json(c.start_error_us)},
               {"layer_start_error_us", to_json(c.layer_start_error_us)},
               {"duration_error", to_json(c.duration_error)},
               {"worker_finish_error", c.worker_finish_error},
               {"iterations", c.iterations},
               {"warmup", c.warmup},
               {"matched_tasks", c.matched_tasks},
               {"only_predicted", c.only_predicted},
               {"only_measured", c.only_measured},
               {"verdict", verdict(c)},
               {"notes", c.notes},
               {"breakdown", Json::array()},
               {"tasks", Json::array()}};
  for (const BreakdownRow& row : c.breakdown) {
    json["breakdown"].push_back({{"name", row.name},
                                 {"tasks", row.tasks},
                                 {"predicted_us", row.predicted_us},
                                 {"measured_us", row.measured_us},
                                 {"delta_us", row.delta_us()}});
  }
  for (const TaskDelta& task : c.tasks) json["tasks"].push_back(to_json(task));
  return json;
}

std::string figures(const Comparison& c) {
  Table table({});
  table.add({"iteration", fmt::format("predicted {:.1f} us, measured {:.1f} us: error {:.1f} %",
                                      c.predicted_iteration_us, c.measured_iteration_us,
                                      c.end_to_end_error * 100)});
  table.add({"placement", fmt::format("{:.1f} % on the same worker", c.placement_agreement * 100)});
  table.add({"order", fmt::format("Kendall's tau {:.3f}", c.order_agreement)});
  table.add({"task start", fmt::format("off by {:.1f} us (median), {:.1f} us (p95)",
                                       c.start_error_us.median, c.start_error_us.p95)});
  table.add(
      {"  in its layer", fmt::format("off by {:.1f} us (median), {:.1f} us (p95)",
                                     c.layer_start_error_us.median, c.layer_start_error_us.p95)});
  table.add({"duration", fmt::format("off by {:.1f} % (median), {:.1f} % (p95)",
                                     c.duration_error.median * 100, c.duration_error.p95 * 100)});
  table.add({"workers' ends",
             fmt::format("off by {:.1f} % of an iteration", c.worker_finish_error * 100)});
  table.add({"compared", fmt::format("{} iterations, {} tasks, {} left out as warm-up",
                                     c.iterations, c.matched_tasks, c.warmup)});
  return table.str();
}

std::string breakdown(const Comparison& c, const std::string& by) {
  Table table({by, "predicted us", "measured us", "delta us"});
  for (const BreakdownRow& row : c.breakdown) {
    table.add({row.name, fmt::format("{:.1f}", row.predicted_us),
               fmt::format("{:.1f}", row.measured_us), fmt::format("{:+.1f}", row.delta_us())});
  }
  return table.str();
}

std::string tasks(const Comparison& c) {
  const auto beside = [](double predicted, double measured) {
    return fmt::format("{:.2f} / {:.2f}", predicted, measured);
  };
  Table table({"task", "iteration", "start us", "duration us", "own us", "delta us", "cause", "us",
               "worker"});
  for (const TaskDelta& t : c.tasks) {
    table.add({t.name, std::to_string(t.iteration),
               beside(t.predicted.start_us, t.measured.start_us),
               beside(t.predicted.duration_us, t.measured.duration_us),
               beside(t.predicted.own_us, t.measured.own_us), fmt::format("{:+.2f}", t.delta_us()),
               std::string(facts(t.cause).name), fmt::format("{:+.2f}", t.cause_delta_us),
               fmt::format("{} / {}", worker_name(t.predicted), worker_name(t.measured))});
  }
  return "\ntasks whose own time (from event and worker free to notified) differs most, predicted "
         "/ "
         "measured:\n" +
         table.str();
}

// What two measured runs differ by; empty where there is no second one.
Result<std::vector<OperatorErrors>> floor_of(const Options& options, const Trace& measured,
                                             const CompareOptions& how) {
  if (options.floor.empty()) return {};
  const Result<Trace> again = read_trace(options.floor);
  if (!again) return tl::unexpected(again.error());
  Result<Comparison> comparison = compare(*again, measured, how);
  if (!comparison) return with_context("--floor", comparison.error());
  return std::move(comparison->parts);
}

Status add_parts(const Comparison& comparison, const Options& options, const Trace& measured,
                 const CompareOptions& how, Answer& answer) {
  const Result<std::vector<OperatorErrors>> floor = floor_of(options, measured, how);
  if (!floor) return tl::unexpected(floor.error());
  answer.json["parts"] = task_errors_json(comparison.parts, *floor);
  answer.text += task_errors_text(comparison.parts, *floor);
  answer.rows = answer.json["parts"];
  return {};
}

Result<Answer> compare_them(const Options& options) {
  const Result<Trace> predicted = read_trace(options.predicted);
  if (!predicted) return tl::unexpected(predicted.error());
  const Result<Trace> measured = read_trace(options.measured);
  if (!measured) return tl::unexpected(measured.error());
  CompareOptions how{.by = *breakdown_from_name(options.by),
                     .tasks = options.tasks,
                     .parts = options.parts || !options.floor.empty()};
  if (options.warmup_flag->is_given()) how.warmup = options.warmup;
  const Result<Comparison> comparison = compare(*predicted, *measured, how);
  if (!comparison) return tl::unexpected(comparison.error());
  Answer answer{.json = to_json(*comparison)};
  answer.text = figures(*comparison);
  for (const std::string& note : comparison->notes) answer.text += "note: " + note + '\n';
  answer.text += fmt::format("{}\n\ntime of a mean iteration, summed over workers:\n{}",
                             verdict(*comparison), breakdown(*comparison, options.by));
  if (!comparison->tasks.empty()) answer.text += tasks(*comparison);
  answer.rows = answer.json[options.tasks_flag->is_given() ? "tasks" : "breakdown"];
  if (how.parts) {
    if (const Status added = add_parts(*comparison, options, *measured, how, answer); !added)
      return tl::unexpected(added.error());
  }
  return answer;
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("PREDICTED", options->predicted, "trace of 'simulate'").required();
  flags.argument("MEASURED", options->measured, "trace of 'run', of the same graph").required();
  flags.value("--by", options->by, "WHAT", "rows of the breakdown: operator, worker, layer, cause")
      .one_of({"operator", "worker", "layer", "cause"});
  options->warmup_flag =
      flags.value("--warmup", options->warmup, "N", "iterations left out at the start");
  options->tasks_flag =
      flags.value("--tasks", options->tasks, "N", "list the N tasks that differ most");
  flags.toggle("--parts", options->parts,
               "what errors of starts are made of, durations and barriers, by operator");
  flags.value("--floor", options->floor, "AGAIN",
              "the same between MEASURED and another run of it; with --parts");
  return [options](Console&) { return compare_them(*options); };
}

}  // namespace

constinit const Verb compare_verb = {
    .name = "compare",
    .summary = "holds a predicted run against a measured one, task by task",
    .arguments = "PREDICTED MEASURED [options]",
    .description =
        "Matches the tasks of two traces of the same graph by iteration and task, and says how "
        "far\n"
        "the prediction was off: whole iterations, placement, order, starts, durations. --format\n"
        "csv prints the breakdown or, with --tasks given, the tasks, with --parts the operators.",
    .examples =
        "megascope compare predicted.db measured.db --by layer\n"
        "megascope compare predicted.db measured.db --parts --floor measured_again.db",
    .declare = declare,
};

}  // namespace mk::cli
