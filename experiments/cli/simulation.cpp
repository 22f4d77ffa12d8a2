#include "experiments/cli/simulation.h"

#include <fmt/format.h>

#include "core/expert_routing.h"
#include "experiments/cli/words.h"
#include "experiments/sweep/kernel_list.h"

namespace mk::cli {
namespace {

Json bounds_json(const LowerBounds& bounds) {
  return {{"bytes", to_microseconds(bounds.bytes)},
          {"flops", to_microseconds(bounds.flop)},
          {"critical_path", to_microseconds(bounds.critical_path)},
          {"work", to_microseconds(bounds.work)}};
}

Status route_experts(const SimulationFlags& flags, const TaskGraph& graph,
                     std::vector<IterationState>& iterations) {
  if (!flags.skew_flag->is_given()) {
    for (IterationState& state : iterations) assume_even_routing(graph, state);
    return {};
  }
  if (!(flags.expert_skew >= 0 && flags.expert_skew <= 16))
    return fail(ErrorCode::kUsage,
                fmt::format("--expert-skew: {} is not from 0 to 16", flags.expert_skew));
  for (std::uint32_t i = 0; i < iterations.size(); ++i)
    draw_routing(graph, {flags.seed, flags.expert_skew}, i, iterations[i]);
  return {};
}

}  // namespace

void declare_simulation_flags(Flags& parser, SimulationFlags& flags) {
  parser.value("--machine", flags.machine, "MACHINE", "a name of 'machines', or a JSON file");
  declare_plan_flags(parser, flags.plan);
  parser.value("--seed", flags.seed, "N", "of the durations' spread and the experts' draws");
  flags.skew_flag = parser
                        .value("--expert-skew", flags.expert_skew, "S",
                               "draw each token's experts, the i-th as 1/i^S; otherwise even")
                        .default_text("");
  parser.repeated("--mechanism", flags.mechanisms, "NAME=on|off", "leave out what is modelled");
  parser.repeated("--inject", flags.injections, "NAME=VALUE", "disturb the run, as 'run' does");
  parser.value("--kernels", flags.kernels, "FILE",
               "of stream, graph, pdl: which operators make one kernel, or several");
  parser.value("--engine", flags.engine, "NAME", "elided; reference: event by event, same result")
      .one_of({std::string(name_of(EngineKind::kElided)),
               std::string(name_of(EngineKind::kReference))});
}

Result<SimulationOptions> simulation_options(const SimulationFlags& flags, const TaskGraph& graph) {
  SimulationOptions options;
  options.seed = flags.seed;
  Result<std::vector<IterationState>> plan = plan_iterations(flags.plan, graph.info());
  if (!plan) return tl::unexpected(plan.error());
  options.iterations = std::move(*plan);
  if (const Status routed = route_experts(flags, graph, options.iterations); !routed)
    return tl::unexpected(routed.error());
  for (const std::string& text : flags.mechanisms) {
    if (const Status set = set_mechanism(options.mechanisms, text); !set)
      return tl::unexpected(set.error());
  }
  for (const std::string& text : flags.injections) {
    if (const Status added = add_injection(options.injections, text); !added)
      return tl::unexpected(added.error());
  }
  Result<KernelPlan> kernels = kernel_list(flags.kernels);
  if (!kernels) return with_context("--kernels", kernels.error());
  options.kernels = std::move(*kernels);
  if (flags.engine == name_of(EngineKind::kReference)) options.engine = EngineKind::kReference;
  return options;
}

Split default_split(const Machine& machine) {
  return {static_cast<std::uint32_t>(machine.default_workers.value),
          static_cast<std::uint32_t>(machine.default_schedulers.value)};
}

Json to_json(const Prediction& prediction) {
  const SimulationResult& r = prediction.result;
  const SimulationOptions& options = prediction.options;
  Json json = {
      {"model", prediction.model},
      {"machine", prediction.machine},
      {"policy", std::string(facts(options.policy.kind).name)},
      {"placement", std::string(name_of(options.policy.placement))},
      {"workers", options.roles.workers},
      {"schedulers", options.roles.schedulers},
      {"seed", options.seed},
      {"iterations", r.iterations.size()},
      {"makespan_us", to_microseconds(r.makespan)},
      {"iteration_us", median_iteration_us(r)},
      {"tokens_per_second", static_cast<double>(prediction.generated) / to_seconds(r.makespan)},
      {"worker_busy_fraction", r.worker_busy_fraction},
      {"scheduler_busy_fraction", r.scheduler_busy_fraction},
      {"hbm_fraction", r.hbm_fraction}};
  if (r.bounds) json["lower_bound_us"] = to_microseconds(r.bounds->largest());
  json["tasks_simulated"] = r.tasks_simulated;
  json["events_processed"] = r.events_processed;
  json["wall_seconds"] = r.wall_seconds;
  json["tasks_per_second"] =
      r.wall_seconds > 0 ? static_cast<double>(r.tasks_simulated) / r.wall_seconds : 0.0;
  if (r.bounds) json["lower_bounds_us"] = bounds_json(*r.bounds);
  json["iterations_us"] = Json::array();
  for (const Duration iteration : r.iterations)
    json["iterations_us"].push_back(to_microseconds(iteration));
  return json;
}

}  // namespace mk::cli
