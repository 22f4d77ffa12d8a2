#include "experiments/cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "experiments/cli/policy_flags.h"
#include "experiments/cli/simulation.h"
#include "experiments/cli/words.h"
#include "profiler/analysis/statistics.h"

namespace mk::cli {
namespace {

constexpr int kRounds = 6;       // of finding factors; each is a simulation
constexpr double kStep = 0.5;    // of a factor's logarithm: what is preloaded answers unevenly
constexpr double kMostSlow = 8;  // what the simulator's memory clock has room for
constexpr double kMostFast = 1.0 / 64;

constexpr double kNotMeasured = -1;

// Measured duration of each body, in us, by iteration and task. That of an empty task may be 0.
std::vector<double> measured_durations(const Trace& trace, std::size_t tasks) {
  std::vector<double> us(trace.iterations.size() * tasks, kNotMeasured);
  const SliceColumns& s = trace.slices;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (!s.is_task(i) || s.iteration[i] == kNoIndex) continue;
    us[s.iteration[i] * tasks + s.task[i]] = static_cast<double>(s.end[i] - s.start[i]) * 1e-3;
  }
  return us;
}

double median_iteration(const std::vector<IterationRecord>& iterations) {
  std::vector<double> us;
  for (const IterationRecord& i : iterations)
    us.push_back(static_cast<double>(i.end - i.start) * 1e-3);
  return median(std::move(us));
}

// Finds the factor of each body with which it lasts as measured: the best of all rounds.
class FactorSearch {
 public:
  FactorSearch(Replay& replay, std::vector<double> measured)
      : replay_(replay),
        measured_(std::move(measured)),
        best_(measured_.size(), 1.0),
        residual_(measured_.size(), kNotSeen) {}

  // One simulation, after which each factor moves by measured over simulated.
  Status round() {
    SimulationOptions options = replay_.options;
    options.record = true;
    const Result<SimulationResult> run = simulate(replay_.graph, replay_.machine, options);
    if (!run) return tl::unexpected(run.error());
    const std::size_t tasks = replay_.graph->task_count();
    for (const TaskRecord& task : run->record->tasks) {
      const std::size_t at = task.iteration * tasks + task.task;
      const double us = static_cast<double>(task.end - task.start) * 1e-3;
      if (measured_[at] > 0 && us > 0) improve(at, us);
    }
    return {};
  }

  // Puts the best factors in place.
  void settle() {
    replay_.options.body_factors = best_;
    std::erase(residual_, kNotSeen);
    replay_.duration_residual = median(std::move(residual_));
  }

 private:
  static constexpr double kNotSeen = 1e9;

  void improve(std::size_t at, double us) {
    double& factor = replay_.options.body_factors[at];
    const double residual = std::abs(us / measured_[at] - 1);
    if (residual < residual_[at]) {
      residual_[at] = residual;
      best_[at] = factor;
    }
    factor = std::clamp(factor * std::pow(measured_[at] / us, kStep), kMostFast, kMostSlow);
  }

  Replay& replay_;
  std::vector<double> measured_;
  std::vector<double> best_;
  std::vector<double> residual_;
};

}  // namespace

Status check_replay(const Trace& trace) {
  if (trace.iterations.empty() || trace.graphs.size() != 1)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a replay needs iterations of one task graph; this trace has {} "
                            "iterations and {} graphs",
                            trace.iterations.size(), trace.graphs.size()));
  if (facts(trace.policy.kind).family != PolicyFamily::kMegakernel)
    return fail(ErrorCode::kUnsupported,
                fmt::format("made by {}: only megakernel policies are replayed",
                            facts(trace.policy.kind).name));
  return {};
}

Result<Machine> replay_machine(const Trace& trace, const std::string& machine) {
  if (!machine.empty()) return load_machine(machine);
  const auto own = trace.meta.find("machine");
  if (own == trace.meta.end())
    return fail(ErrorCode::kUsage,
                "the trace carries no machine: say which with --machine (for a host, what "
                "'calibrate' wrote)");
  return machine_from_json(own->second, "the trace's machine");
}

Result<TaskGraph> graph_of(const TraceGraph& from) {
  using NewEvent = TaskGraphBuilder::NewEvent;
  TaskGraphBuilder builder(from.info, OperatorTiles::kAny);
  const std::uint32_t end = from.event_count() - 1;
  for (const TraceOperator& op : from.operators)
    builder.add_operator({op.name, op.kind, op.layer, op.device, Grid{{op.tiles, 1, 1}}, {}, {}});
  for (const TaskClass& c : from.classes) builder.add_class(c);
  for (std::uint32_t e = 1; e < end; ++e) builder.add_event(from.events.device[e]);
  const auto event = [&](std::uint32_t e) {
    return e == 0 ? TaskGraphBuilder::kBegin : e == end ? TaskGraphBuilder::kEnd : NewEvent(e + 1);
  };
  const TaskColumns& t = from.tasks;
  for (std::uint32_t i = 0; i < from.task_count(); ++i) {
    builder.add_task({OperatorId(t.op[i]), t.kind[i], t.tile[i], t.task_class[i], t.label[i],
                      event(t.dependent_event[i]), event(t.triggering_event[i])});
  }
  Result<TaskGraph> graph = std::move(builder).build();
  if (graph && (graph->tasks() != from.tasks || graph->events() != from.events))
    return fail(ErrorCode::kInvalidInput, "the trace's tasks are not in the order of a graph");
  return graph;
}

Result<Replay> make_replay(const Trace& trace, const std::string& machine_name) {
  if (Status s = check_replay(trace); !s) return tl::unexpected(s.error());
  Result<Machine> machine = replay_machine(trace, machine_name);
  if (!machine) return tl::unexpected(machine.error());
  Result<TaskGraph> graph = graph_of(trace.graphs[0]);
  if (!graph) return tl::unexpected(graph.error());
  Replay replay;
  replay.graph = std::make_shared<const TaskGraph>(std::move(*graph));
  replay.machine = std::move(*machine);
  replay.options.policy = trace.policy;
  replay.options.roles = trace.roles;
  replay.options.lower_bounds = false;
  replay.options.iterations.clear();
  for (const IterationRecord& i : trace.iterations) replay.options.iterations.push_back(i.state);
  std::vector<double> measured = measured_durations(trace, replay.graph->task_count());
  replay.not_recorded =
      static_cast<std::uint64_t>(std::count(measured.begin(), measured.end(), kNotMeasured));
  replay.measured_us = median_iteration(trace.iterations);
  replay.options.body_factors.assign(measured.size(), 1.0);
  FactorSearch search(replay, std::move(measured));
  for (int round = 0; round < kRounds; ++round) {
    if (const Status done = search.round(); !done) return tl::unexpected(done.error());
  }
  search.settle();
  const Result<double> us = replay_us(replay);
  if (!us) return tl::unexpected(us.error());
  replay.replayed_us = *us;
  return replay;
}

Result<double> replay_us(const Replay& replay) {
  const Result<SimulationResult> result = simulate(replay.graph, replay.machine, replay.options);
  if (!result) return tl::unexpected(result.error());
  return median_iteration_us(*result);
}

Status apply_change(Replay& replay, const std::string& key_value) {
  const Result<Assignment> change = parse_assignment("--what-if", key_value);
  if (!change) return tl::unexpected(change.error());
  const std::string flag = "--what-if " + change->name;
  if (change->name == "policy") {
    const auto policy = policy_from_name(change->value);
    if (!policy || facts(*policy).family != PolicyFamily::kMegakernel)
      return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is none of {}", flag, change->value,
                                                 join(megakernel_policy_names())));
    replay.options.policy.kind = *policy;
    if (*policy == PolicyKind::kStatic) replay.options.roles.schedulers = 0;
    return {};
  }
  if (change->name == "placement") {
    const auto placement = placement_from_name(change->value);
    if (!placement)
      return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is none of {}", flag, change->value,
                                                 join(placement_names())));
    replay.options.policy.placement = *placement;
    return {};
  }
  if (change->name == "workers" || change->name == "schedulers") {
    const Result<std::uint32_t> count = parse_count(flag, change->value);
    if (!count) return tl::unexpected(count.error());
    Roles& roles = replay.options.roles;
    (change->name == "workers" ? roles.workers : roles.schedulers) = *count;
    return {};
  }
  constexpr std::string_view kMechanism = "mechanism.";
  if (change->name.starts_with(kMechanism))
    return set_mechanism(replay.options.mechanisms, key_value.substr(kMechanism.size()));
  const Result<double> number = parse_number(flag, change->value);
  if (!number) return tl::unexpected(number.error());
  return set_number(replay.machine, change->name, *number);
}

}  // namespace mk::cli
