#include <fmt/format.h>

#include <memory>

#include "experiments/cli/graph_argument.h"
#include "experiments/cli/policy_flags.h"
#include "experiments/cli/simulation.h"
#include "experiments/cli/table.h"
#include "experiments/cli/trace_output.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

struct Options {
  GraphFlags graph{};
  PolicyFlags policy{};
  SimulationFlags simulation{};
  std::string output{};
};

std::string to_text(const Json& json) {
  const auto us = [&](const char* key) { return json[key].get<double>(); };
  Table table({});
  table.add({"predicted", fmt::format("{} on {}", json["model"].get<std::string>(),
                                      json["machine"].get<std::string>())});
  table.add({"policy", fmt::format("{}, {}, {}", json["policy"].get<std::string>(),
                                   counted(json["workers"].get<std::uint32_t>(), "worker"),
                                   counted(json["schedulers"].get<std::uint32_t>(), "scheduler"))});
  table.add({"iteration", fmt::format("{:.1f} us (median of {})", us("iteration_us"),
                                      json["iterations"].get<std::size_t>())});
  table.add({"whole run", fmt::format("{:.1f} us, {:.1f} tokens/s", us("makespan_us"),
                                      us("tokens_per_second"))});
  table.add({"lower bound", fmt::format("{:.1f} us for the whole run", us("lower_bound_us"))});
  table.add({"workers busy", fmt::format("{:.1f} %", us("worker_busy_fraction") * 100)});
  table.add(
      {"memory", fmt::format("{:.1f} % of the datasheet's bandwidth", us("hbm_fraction") * 100)});
  table.add({"simulated", fmt::format("{} tasks in {:.3f} s ({:.2f} million tasks/s)",
                                      json["tasks_simulated"].get<std::uint64_t>(),
                                      us("wall_seconds"), us("tasks_per_second") * 1e-6)});
  return table.str();
}

Status check_policy_has(const SimulationOptions& how) {
  const PolicyFacts& policy = facts(how.policy.kind);
  const bool launches_kernels = policy.family == PolicyFamily::kPerKernel;
  if (!launches_kernels && !how.kernels.groups.empty())
    return fail(
        ErrorCode::kUsage,
        fmt::format("--kernels: '{}' launches no kernels; stream, graph and pdl do", policy.name));
  if (launches_kernels && how.engine == EngineKind::kReference)
    return fail(ErrorCode::kUsage, fmt::format("--engine: '{}' has one engine only", policy.name));
  return {};
}

Result<Answer> simulate_it(const Options& options) {
  const Result<GraphOrModel> source = open_graph_or_model(options.graph);
  if (!source) return tl::unexpected(source.error());
  const Result<Machine> machine = load_machine(options.simulation.machine);
  if (!machine) return tl::unexpected(machine.error());
  const Split split = split_of(options.policy, default_split(*machine));
  const auto graph =
      graph_for(*source, options.graph, split.workers, options.simulation.plan.positions());
  if (!graph) return tl::unexpected(graph.error());
  Result<SimulationOptions> how = simulation_options(options.simulation, **graph);
  if (!how) return tl::unexpected(how.error());
  how->policy = policy_of(options.policy);
  how->roles = {split.workers, split.schedulers};
  how->record = !options.output.empty();
  if (const Status fits = check_policy_has(*how); !fits) return tl::unexpected(fits.error());
  Result<SimulationResult> result = simulate(*graph, *machine, *how);
  if (!result) return tl::unexpected(result.error());
  if (how->record) {
    const Status written = write_run(std::move(*result->record), options.output);
    if (!written) return tl::unexpected(written.error());
  }
  const GraphInfo& info = (*graph)->info();
  Json json = to_json(
      Prediction{.model = info.model,
                 .machine = machine->name,
                 .options = *how,
                 .generated = generated_tokens(options.simulation.plan, how->iterations, info),
                 .result = std::move(*result)});
  std::string text = to_text(json);
  return Answer{.json = std::move(json), .text = std::move(text)};
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  declare_graph_argument(flags, options->graph);
  declare_policy_flags(flags, options->policy, "the machine's");
  declare_simulation_flags(flags, options->simulation);
  flags.value("-o,--output", options->output, "TRACE", "write the predicted run to this .db file");
  return [options](Console&) { return simulate_it(*options); };
}

}  // namespace

constinit const Verb simulate_verb = {
    .name = "simulate",
    .summary = "predicts how a machine runs a task graph",
    .arguments = "GRAPH|MODEL [options]",
    .description =
        "Predicts what each worker of MACHINE does at each instant, and how long an iteration "
        "takes.\n"
        "The same inputs give the same bytes. stream, graph and pdl launch one kernel an operator.",
    .examples = "megascope simulate qwen3-8b --machine h100-sxm --policy hybrid -o predicted.db",
    .declare = declare,
};

}  // namespace mk::cli
