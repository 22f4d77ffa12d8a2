// Speed of the simulator (issue 2: two million tasks a second on qwen3-8b; issue 3: ten), and what
// it predicts.
//
//   build/release/benchmarks/simulator_benchmark                       speed
//   build/release/benchmarks/simulator_benchmark --predictions        a table for people
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string_view>

#include "core/compiler.h"
#include "core/model.h"
#include "simulator/simulate.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using Graph = std::shared_ptr<const TaskGraph>;

Graph model_graph(const std::string& model, std::uint32_t workers, Partition partition,
                  OperatorFusion fusion) {
  CompileOptions options;
  options.workers = workers;
  options.partition = partition;
  options.fusion = fusion;
  Compiled compiled =
      compile_model(load_model(model).value(), StepShape{1, 1, 4096}, options).value();
  return std::make_shared<const TaskGraph>(std::move(compiled.graph));
}

Graph qwen() { return model_graph("qwen3-8b", 128, Partition::kMpk, OperatorFusion::kNone); }

SimulationOptions options_for(const Machine& machine, PolicyKind policy) {
  SimulationOptions options;
  options.policy.kind = policy;
  options.roles.workers = static_cast<std::uint32_t>(machine.default_workers.value);
  options.roles.schedulers = policy == PolicyKind::kStatic
                                 ? 0
                                 : static_cast<std::uint32_t>(machine.default_schedulers.value);
  options.iterations = {decode_step(1, 1024)};
  options.lower_bounds = false;
  return options;
}

// Protocol and shared bandwidth alone, as the rivals of facts/speed.md have them.
Mechanisms protocol_and_bandwidth() {
  Mechanisms mechanisms;
  mechanisms.noise = false;
  mechanisms.sm_spread = false;
  mechanisms.smooth_knee = false;
  mechanisms.poll_phase = false;
  mechanisms.contention = false;
  mechanisms.preload = false;
  return mechanisms;
}

void simulate_often(benchmark::State& state, const Graph& graph, SimulationOptions options) {
  const Machine machine = load_machine("h100-sxm").value();
  options.mechanisms.queue_limit = false;
  double simulated = 0;
  double wall = 0;
  std::uint64_t tasks = 0;
  for (auto _ : state) {
    const SimulationResult result = simulate(graph, machine, options).value();
    simulated += to_seconds(result.makespan);
    wall += result.wall_seconds;
    tasks += result.tasks_simulated;
  }
  state.counters["Mtasks/s"] = static_cast<double>(tasks) / wall * 1e-6;
  state.counters["simulated/wall"] = simulated / wall;
}

void add(const char* name, const Graph& graph, PolicyKind policy, bool everything, bool record) {
  const Machine machine = load_machine("h100-sxm").value();
  SimulationOptions options = options_for(machine, policy);
  if (!everything) options.mechanisms = protocol_and_bandwidth();
  options.record = record;
  benchmark::RegisterBenchmark(
      fmt::format("{}/{}/{}{}", name, facts(policy).name,
                  everything ? "every_mechanism" : "protocol_and_bandwidth",
                  record ? "/recorded" : "")
          .c_str(),
      [graph, options](benchmark::State& state) { simulate_often(state, graph, options); })
      ->Unit(benchmark::kMillisecond);
}

void register_speed() {
  const Graph model = qwen();
  for (const PolicyFacts& policy : kPolicies) {
    add("qwen3-8b", model, policy.kind, true, false);
    if (policy.family == PolicyFamily::kMegakernel) {
      add("qwen3-8b", model, policy.kind, false, false);
    }
  }
  add("qwen3-8b", model, PolicyKind::kAot, true, true);
  const auto grouped =
      std::make_shared<const TaskGraph>(testing::grouped_graph(testing::kMillionTasks));
  add("g1m", grouped, PolicyKind::kJit, false, false);
  add("g1m", grouped, PolicyKind::kAot, false, false);
}

void print_predictions() {
  struct Row {
    const char *model, *machine;
    Partition partition = Partition::kMpk;
    OperatorFusion fusion = OperatorFusion::kNone;
  };
  fmt::print("{:<14} {:<10} {:<9} {:<8} {:>9} {:>6} {:>6} {:>9}\n", "model", "machine", "partition",
             "policy", "ms", "busy", "hbm", "bound ms");
  for (const Row& row :
       {Row{"qwen3-8b", "h100-sxm"}, Row{"qwen3-8b", "h100-sxm", Partition::kBalanced},
        Row{"qwen3-8b", "a100-40", Partition::kMpk, OperatorFusion::kNormLinear},
        Row{"qwen3-8b", "b200"}, Row{"llama-3.2-1b", "h100-sxm"},
        Row{"llama-3.2-1b", "h100-sxm", Partition::kBalanced}}) {
    const Machine machine = load_machine(row.machine).value();
    for (const PolicyFacts& policy : kPolicies) {
      SimulationOptions options = options_for(machine, policy.kind);
      options.iterations.assign(4, decode_step(1, 1024));
      options.lower_bounds = true;
      const Graph graph = model_graph(row.model, options.roles.workers, row.partition, row.fusion);
      const SimulationResult result = simulate(graph, machine, options).value();
      const bool fused = row.fusion == OperatorFusion::kNormLinear;
      fmt::print("{:<14} {:<10} {:<9} {:<8} {:>9.3f} {:>6.3f} {:>6.3f} {:>9.3f}\n", row.model,
                 row.machine,
                 fused                                   ? "mpk fused"
                 : row.partition == Partition::kBalanced ? "balanced"
                                                         : "mpk",
                 policy.name, to_microseconds(result.iterations.back()) * 1e-3,
                 result.worker_busy_fraction, result.hbm_fraction,
                 to_microseconds(result.bounds->largest()) * 1e-3 / 4);
    }
  }
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--predictions") {
    mk::print_predictions();
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  mk::register_speed();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
