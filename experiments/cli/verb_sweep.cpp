#include <fmt/format.h>

#include <map>
#include <memory>
#include <ostream>

#include "experiments/cli/compile_flags.h"
#include "experiments/cli/policy_flags.h"
#include "experiments/cli/progress.h"
#include "experiments/cli/simulation.h"
#include "experiments/cli/sweep_points.h"
#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

using GraphPointer = std::shared_ptr<const TaskGraph>;

struct Options {
  std::string model{};
  std::string policies = join(policy_names(), ",");
  std::string workers{};
  std::string schedulers{};
  bool best = false;
  CompileFlags compile{};
  SimulationFlags simulation{};
};

// Compiles the model once for each number of workers.
class Graphs {
 public:
  Graphs(const ModelConfig& model, const Options& options) : model_(model), options_(options) {}

  Result<GraphPointer> for_workers(std::uint32_t workers) {
    if (const auto found = graphs_.find(workers); found != graphs_.end()) return found->second;
    const Result<CompileOptions> how = compile_options(options_.compile, model_, workers);
    if (!how) return tl::unexpected(how.error());
    const StepShape shape =
        step_shape(options_.compile, model_, options_.simulation.plan.positions());
    Result<Compiled> compiled = compile_model(model_, shape, *how);
    if (!compiled) return tl::unexpected(compiled.error());
    return graphs_[workers] = std::make_shared<const TaskGraph>(std::move(compiled->graph));
  }

 private:
  const ModelConfig& model_;
  const Options& options_;
  std::map<std::uint32_t, GraphPointer> graphs_{};
};

// A row without what was measured, so that equal sweeps print equal bytes.
Result<Json> predict(const GraphPointer& graph, const Machine& machine, const SweepPoint& point,
                     const SimulationFlags& flags) {
  Result<SimulationOptions> how = simulation_options(flags, *graph);
  if (!how) return tl::unexpected(how.error());
  how->policy.kind = point.policy;
  how->roles = {point.split.workers, point.split.schedulers};
  Result<SimulationResult> result = simulate(graph, machine, *how);
  if (!result) return tl::unexpected(result.error());
  Json row =
      to_json(Prediction{.model = graph->info().model,
                         .machine = machine.name,
                         .options = *how,
                         .generated = generated_tokens(flags.plan, how->iterations, graph->info()),
                         .result = std::move(*result)});
  for (const char* key : {"wall_seconds", "tasks_per_second", "iterations_us", "lower_bounds_us"})
    row.erase(key);
  return row;
}

// The fastest row of each policy, in the order of the rows.
Json best_of(const Json& rows) {
  Json best = Json::array();
  for (const Json& row : rows) {
    Json* same = nullptr;
    for (Json& other : best) {
      if (other["policy"] == row["policy"]) same = &other;
    }
    if (same == nullptr) {
      best.push_back(row);
    } else if (row["iteration_us"] < (*same)["iteration_us"]) {
      *same = row;
    }
  }
  return best;
}

std::string to_text(const Json& rows) {
  Table table(
      {"policy", "workers", "schedulers", "iteration us", "tokens/s", "busy %", "memory %"});
  for (const Json& row : rows) {
    const auto number = [&](const char* key) { return row[key].get<double>(); };
    table.add({row["policy"], row["workers"].dump(), row["schedulers"].dump(),
               fmt::format("{:.1f}", number("iteration_us")),
               fmt::format("{:.1f}", number("tokens_per_second")),
               fmt::format("{:.1f}", number("worker_busy_fraction") * 100),
               fmt::format("{:.1f}", number("hbm_fraction") * 100)});
  }
  return table.str();
}

Result<SweepPoints> points_of(const Options& options, const Machine& machine) {
  const Split split = default_split(machine);
  const auto range = [](std::string_view flag, const std::string& text,
                        std::uint32_t otherwise) -> Result<std::vector<std::uint32_t>> {
    if (text.empty()) return std::vector<std::uint32_t>{otherwise};
    return parse_range(flag, text);
  };
  const auto workers = range("--workers", options.workers, split.workers);
  if (!workers) return tl::unexpected(workers.error());
  const auto schedulers = range("--schedulers", options.schedulers, split.schedulers);
  if (!schedulers) return tl::unexpected(schedulers.error());
  return make_points(machine, split_list(options.policies), *workers, *schedulers);
}

Result<Answer> sweep(const Options& options, Console& console) {
  const Result<ModelConfig> model = load_model(options.model);
  if (!model) return tl::unexpected(model.error());
  const Result<Machine> machine = load_machine(options.simulation.machine);
  if (!machine) return tl::unexpected(machine.error());
  const Result<SweepPoints> points = points_of(options, *machine);
  if (!points) return tl::unexpected(points.error());
  if (points->left_out > 0) {
    console.err << fmt::format("{} splits left out: {} has {:.0f} SMs\n", points->left_out,
                               machine->name, machine->sms.value);
  }
  Graphs graphs(*model, options);
  Progress progress(console, "points", points->points.size());
  Answer answer{.json = Json::array()};
  for (const SweepPoint& point : points->points) {
    const Result<GraphPointer> graph = graphs.for_workers(point.split.workers);
    if (!graph) return tl::unexpected(graph.error());
    Result<Json> row = predict(*graph, *machine, point, options.simulation);
    if (!row) return tl::unexpected(row.error());
    answer.json.push_back(std::move(*row));
    progress.update(answer.json.size());
  }
  if (options.best) answer.json = best_of(answer.json);
  answer.text = to_text(answer.json);
  return answer;
}

Action declare(Flags& flags) {
  const auto o = std::make_shared<Options>();
  flags.value("--model", o->model, "MODEL", "built-in name, config.json, or a folder with one")
      .required();
  flags.value("--policy", o->policies, "LIST", "policies to try").default_text("all");
  flags.value("--workers", o->workers, "A:B:STEP", "worker counts to try, also a list")
      .default_text("the machine's");
  flags.value("--schedulers", o->schedulers, "LIST", "scheduler counts to try, also A:B:STEP")
      .default_text("the machine's");
  declare_simulation_flags(flags, o->simulation);
  flags.toggle("--best", o->best, "only the fastest point of each policy");
  declare_compile_flags(flags, o->compile, "how MODEL is compiled, for each worker count anew");
  return [o](Console& console) { return sweep(*o, console); };
}

}  // namespace

constinit const Verb sweep_verb = {
    .name = "sweep",
    .summary = "predicts every combination of policies, worker and scheduler counts",
    .arguments = "--model MODEL [options]",
    .description =
        "Predicts MODEL on MACHINE for each policy with each worker and scheduler count, one row "
        "a\n"
        "point. Splits that do not fit the machine are left out, and counted. stream, graph and\n"
        "pdl take all SMs: one row each. static has no schedulers.",
    .examples =
        "megascope sweep --model qwen3-8b --workers 96:132:4 --schedulers 0,8,16 --format csv",
    .declare = declare,
};

}  // namespace mk::cli
