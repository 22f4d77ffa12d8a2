// Speed of the simulator, and what it predicts.
//
//   build/release/benchmarks/simulator_benchmark --figures        issue 3's figures beside its
//                                                                 goals, and SimGrid's speed:
//                                                                 medians; with qwen3-8b, g1m or
//                                                                 d1m behind it that graph's alone
//   build/release/benchmarks/simulator_benchmark                  speed by policy
//   build/release/benchmarks/simulator_benchmark --predictions    a table for people
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>

#include "core/cause.h"
#include "core/compiler.h"
#include "core/model.h"
#include "core/random.h"
#include "simulator/simulate.h"
#include "tests/perf/counted_memory.h"
#include "tests/perf/cpu_seconds.h"
#include "tests/perf/simgrid_rival.h"
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

// What a task of a synthetic graph streams: one of 16 amounts about 100 KB, so that ends spread.
std::uint32_t amount_of(std::uint32_t task) { return mix_bits(task + 1) % 16; }
std::int64_t bytes_of(std::uint32_t amount) { return 50'000 + 6'667 * std::int64_t{amount}; }

// The graph with bytes to stream: even operators are linears, odd ones attention, so that two
// limits mix. Empty tasks stay so.
Graph streaming(const TaskGraph& graph) {
  TaskGraphBuilder builder(graph.info(), TaskGraphBuilder::OperatorTiles::kAny);
  builder.reserve(graph.task_count(), graph.event_count());
  for (const Operator& op : graph.operators()) builder.add_operator(op);
  for (std::uint32_t amount = 0; amount < 16; ++amount) {
    TaskClass weights, cache;
    weights.weight_bytes.base = bytes_of(amount);
    cache.kv_bytes.base = bytes_of(amount);
    builder.add_class(weights);
    builder.add_class(cache);
  }
  const std::uint32_t nothing = builder.add_class({});
  std::vector<TaskGraphBuilder::NewEvent> events = {TaskGraphBuilder::kBegin};
  for (std::uint32_t e = 1; e + 1 < graph.event_count(); ++e) events.push_back(builder.add_event());
  events.push_back(TaskGraphBuilder::kEnd);
  const TaskColumns& tasks = graph.tasks();
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    const bool is_empty = tasks.kind[t] == TaskKind::kEmpty;
    const std::uint32_t odd = tasks.op[t] % 2;
    const TaskKind kind = is_empty   ? TaskKind::kEmpty
                          : odd != 0 ? TaskKind::kAttention
                                     : TaskKind::kLinear;
    const std::uint32_t work = is_empty ? nothing : 2 * amount_of(t) + odd;
    builder.add_task({OperatorId(tasks.op[t]), kind, tasks.tile[t], work, tasks.label[t],
                      events[tasks.dependent_event[t]], events[tasks.triggering_event[t]]});
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

// One of the figures: how it is measured once, and its values.
struct Figure {
  std::string name{};
  std::string goal{};
  std::function<double()> measure{};
  std::vector<double> values{};

  double median() {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }
};

class Figures {
 public:
  // Of one graph, or of all.
  void run(std::string_view graph) {
    if (graph.empty() || graph == "qwen3-8b") add_model();
    if (graph.empty() || graph == "g1m") add_grouped();
    if (graph.empty() || graph == "d1m") add_dense();
    for (int round = 0; round < kRounds; ++round) {
      for (Figure& figure : figures_) figure.values.push_back(figure.measure());
    }
    fmt::print("{:<66} {:>9} {:>10} {:>10} {:>10}\n", "figure", "goal", "median", "least", "most");
    for (Figure& figure : figures_) {
      const double median = figure.median();
      fmt::print("{:<66} {:>9} {:>10.3f} {:>10.3f} {:>10.3f}\n", figure.name, figure.goal, median,
                 figure.values.front(), figure.values.back());
    }
    if (grouped_) print_rival();
  }

 private:
  static constexpr int kRounds = 5;

  static Machine with_slower_attention(Machine machine) {
    machine.bodies[index_of(TaskKind::kAttention)].port_limit.value = 30;
    return machine;
  }

  void add(std::string name, std::string goal, std::function<double()> measure) {
    figures_.push_back({std::move(name), std::move(goal), std::move(measure)});
  }

  SimulationOptions options(PolicyKind policy, bool everything) const {
    SimulationOptions options = options_for(machine_, policy);
    if (!everything) options.mechanisms = protocol_and_bandwidth();
    options.mechanisms.queue_limit = false;
    return options;
  }

  // CPU seconds of the whole call, preparation included.
  double seconds(const Graph& graph, const Machine& machine,
                 const SimulationOptions& options) const {
    const double before = perf::cpu_seconds();
    benchmark::DoNotOptimize(simulate(graph, machine, options));
    return perf::cpu_seconds() - before;
  }

  double peak_bytes_a_task(const Graph& graph, const SimulationOptions& options) const {
    perf::reset_peak();
    const std::int64_t before = perf::bytes_in_use();
    benchmark::DoNotOptimize(simulate(graph, machine_, options));
    return static_cast<double>(perf::peak_bytes() - before) / graph->task_count();
  }

  void add_model() {
    const Graph model = qwen();
    const double tasks = model->task_count() * 1e-6;
    const SimulationOptions lean = options(PolicyKind::kHybrid, false);
    const SimulationOptions full = options(PolicyKind::kHybrid, true);
    SimulationOptions recorded = full;
    recorded.record = true;
    add("qwen3-8b hybrid, protocol + bandwidth, M tasks/s", ">= 10",
        [=, this] { return tasks / seconds(model, machine_, lean); });
    add("qwen3-8b hybrid, every mechanism, recorded, with causes, M tasks/s", ">= 4", [=, this] {
      const double before = perf::cpu_seconds();
      const SimulationResult result = simulate(model, machine_, recorded).value();
      benchmark::DoNotOptimize(derive_intervals(*result.record));
      return tasks / (perf::cpu_seconds() - before);
    });
    add("qwen3-8b hybrid, every mechanism: simulated over CPU time", ">= 1.5", [=, this] {
      return to_seconds(simulate(model, machine_, full)->makespan) / seconds(model, machine_, full);
    });
    add("qwen3-8b hybrid, protocol + bandwidth: simulated over CPU time", ">= 3", [=, this] {
      return to_seconds(simulate(model, machine_, lean)->makespan) / seconds(model, machine_, lean);
    });
    add("qwen3-8b hybrid, every mechanism: recorded over not recorded", "<= 1.5",
        [=, this] { return seconds(model, machine_, recorded) / seconds(model, machine_, full); });
    add("qwen3-8b hybrid, every mechanism: peak bytes a task beyond the graph", "<= 150",
        [=, this] { return peak_bytes_a_task(model, full); });
  }

  void add_grouped() {
    grouped_ = streaming(testing::grouped_graph(testing::kMillionTasks));
    add_layered("g1m", grouped_, {{"tasks", ">= 10", static_cast<double>(grouped_->task_count())}});
  }

  // A task of the rivals' d1m (facts/speed.md) notifies eight events itself, and they count the
  // tasks, which all stream; there are as many of these here. Each of ours notifies one event,
  // which launches eight empty tasks, the forks of the normal form, that workers run as any other.
  void add_dense() {
    const TaskGraph dense = testing::dense_graph(testing::kMillionTasks);
    const auto streams = std::count_if(dense.tasks().kind.begin(), dense.tasks().kind.end(),
                                       [](TaskKind kind) { return kind != TaskKind::kEmpty; });
    const Graph graph = streaming(dense);
    add_layered("d1m", graph,
                {{"what streams, as the rivals count", ">= 6", static_cast<double>(streams)},
                 {"all, 9 a task that streams", "", static_cast<double>(graph->task_count())}});
  }

  // What one run's speed is told in.
  struct Unit {
    std::string name{};
    std::string goal{};
    double count = 0;  // in the graph
  };

  void add_layered(const std::string& name, const Graph& graph, const std::vector<Unit>& units) {
    const SimulationOptions lean = options(PolicyKind::kJit, false);
    for (const Unit& unit : units) {
      add(fmt::format("{} jit, protocol + bandwidth: {}, M/s", name, unit.name), unit.goal,
          [=, this] { return unit.count * 1e-6 / seconds(graph, two_limits_, lean); });
    }
    add(name + " jit: peak bytes a task beyond the graph", "<= 150",
        [=, this] { return peak_bytes_a_task(graph, lean); });
  }

  void print_rival() {
    constexpr std::uint32_t kTasks = 204'800;
    const auto limit = [&](std::uint32_t task) {
      const bool is_odd = grouped_->tasks().op[task] % 2 != 0;
      return two_limits_.stream_limit(
          two_limits_.body(is_odd ? TaskKind::kAttention : TaskKind::kLinear));
    };
    const auto bytes = [](std::uint32_t task) {
      return static_cast<double>(bytes_of(amount_of(task)));
    };
    const auto rival =
        perf::run_simgrid(*grouped_, {kTasks, 128, bytes, limit, machine_.bandwidth_at(128)});
    if (!rival) {
      fmt::print("SimGrid: skipped, not there when this was built (Debian: libsimgrid-dev)\n");
      return;
    }
    const auto ours = std::find_if(figures_.begin(), figures_.end(), [](const Figure& figure) {
      return figure.name.starts_with("g1m jit, protocol");
    });
    const double ratio = ours->median() * 1e6 / rival->tasks_per_second;
    fmt::print("{:<66} {:>9} {:>10.3f}\n",
               fmt::format("SimGrid, {} tasks of g1m, shared bandwidth, M tasks/s", kTasks), "",
               rival->tasks_per_second * 1e-6);
    fmt::print("{:<66} {:>9} {:>10.1f}\n", "ours over SimGrid's", ">= 40", ratio);
    fmt::print(
        "SimGrid solves max-min over any resources, a more general problem; it is given no "
        "schedulers,\nno queues and no hops, only the events and the shared bandwidth.\n");
  }

  Machine machine_ = load_machine("h100-sxm").value();
  Machine two_limits_ = with_slower_attention(machine_);
  std::vector<Figure> figures_{};
  Graph grouped_{};
};

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
  if (argc > 1 && std::string_view(argv[1]) == "--figures") {
    mk::Figures().run(argc > 2 ? argv[2] : "");
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  mk::register_speed();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
