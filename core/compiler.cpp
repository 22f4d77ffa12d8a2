#include "core/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "core/annotate.h"
#include "core/compiler/events.h"
#include "core/compiler/label.h"
#include "core/compiler/normalise.h"
#include "core/compiler/partition.h"
#include "core/compiler/task_classes.h"

namespace mk {
namespace {

using compiler::DependencyGraph;
using compiler::EmptyTask;
using compiler::EventPlan;
using compiler::PartitionedGraph;

constexpr std::string_view kNoOverlap = ", no overlap";  // behind the granularity
constexpr std::uint64_t kMaxTasks = std::uint64_t{1} << 30;

Status check_options(const ComputationGraph& graph, const CompileOptions& options) {
  if (options.workers == 0)
    return fail(ErrorCode::kInvalidInput, "--workers: 0 workers, at least 1 is needed");
  if (options.context == 0 || options.context > graph.max_context)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("--context: {} tokens, the KV cache holds 1 to {}", options.context,
                            graph.max_context));
  return {};
}

Status check_size(const PartitionedGraph& graph) {
  std::uint64_t tasks = 0;
  for (const Operator& op : graph.operators)
    tasks += std::uint64_t{op.grid.extent[0]} * op.grid.extent[1] * op.grid.extent[2];
  if (tasks > kMaxTasks)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} tasks, at most {} fit a graph", tasks, kMaxTasks));
  return {};
}

std::vector<std::uint8_t> devices_of_tasks(const PartitionedGraph& graph) {
  std::vector<std::uint8_t> devices;
  devices.reserve(compiler::first_tasks(graph).back());
  for (const Operator& op : graph.operators)
    devices.insert(devices.end(), op.grid.tiles(), op.device);
  return devices;
}

GraphInfo info_of(const ComputationGraph& graph, const CompileOptions& options) {
  GraphInfo info;
  info.model = graph.model;
  info.model_config = graph.model_config;
  info.batch_tokens = graph.batch_tokens;
  info.requests = graph.requests;
  info.max_context = graph.max_context;
  info.context = options.context;
  info.workers = options.workers;
  info.devices = graph.devices;
  info.partition = name_of(options.partition);
  info.events = name_of(options.events);
  if (!options.overlap) info.events += kNoOverlap;
  info.fusion = name_of(options.fusion);
  return info;
}

// Hands everything to the builder, operators in lockstep order.
class Emission {
 public:
  Emission(GraphInfo info, const EventPlan& plan, std::vector<LaunchLabel> labels)
      : builder_(std::move(info)), plan_(plan), labels_(std::move(labels)) {}

  Result<TaskGraph> emit(PartitionedGraph graph, const std::vector<EmptyTask>& empty,
                         const std::vector<std::uint32_t>& order) {
    builder_.reserve(plan_.waits_for.size() + empty.size(), plan_.events);
    for (std::uint32_t e = 0; e < plan_.events; ++e) builder_.add_event(plan_.device[e]);
    const std::vector<std::uint32_t> first_task = compiler::first_tasks(graph);
    compiler::TaskClasses classes(graph);
    for (const std::uint32_t o : order) add_tasks(graph.operators[o], o, first_task[o], classes);
    add_empty_tasks(empty, first_task, classes.empty_class());
    for (TaskClass& c : std::move(classes).take()) builder_.add_class(std::move(c));
    for (Tensor& tensor : graph.tensors) builder_.add_tensor(std::move(tensor));
    for (Operator& op : graph.operators) builder_.add_operator(std::move(op));
    return std::move(builder_).build();
  }

 private:
  using NewEvent = TaskGraphBuilder::NewEvent;

  // Events of the plan come after `begin` and `end`.
  static NewEvent event(std::uint32_t planned, NewEvent otherwise) {
    return planned == kNoIndex ? otherwise : NewEvent(planned + 2);
  }

  void add_tasks(const Operator& op, std::uint32_t o, std::uint32_t first_task,
                 compiler::TaskClasses& classes) {
    const std::vector<std::uint32_t> class_of = classes.of_operator(o);
    for (std::uint32_t t = 0; t < op.grid.tiles(); ++t) {
      builder_.add_task({OperatorId(o), op.kind, t, class_of[t], labels_[o],
                         event(plan_.waits_for[first_task + t], TaskGraphBuilder::kBegin),
                         event(plan_.notifies[first_task + t], TaskGraphBuilder::kEnd)});
    }
  }

  void add_empty_tasks(const std::vector<EmptyTask>& empty,
                       const std::vector<std::uint32_t>& first_task, std::uint32_t empty_class) {
    for (const EmptyTask& task : empty) {
      const auto after = std::upper_bound(first_task.begin(), first_task.end(), task.made_for);
      const auto o = static_cast<std::uint32_t>(after - first_task.begin() - 1);
      builder_.add_task({OperatorId(o), TaskKind::kEmpty, 0, empty_class, labels_[o],
                         event(task.waits_for, TaskGraphBuilder::kBegin),
                         event(task.notifies, TaskGraphBuilder::kEnd)});
    }
  }

  TaskGraphBuilder builder_;
  const EventPlan& plan_;
  std::vector<LaunchLabel> labels_;
};

CompileStatistics statistics_of(const TaskGraph& graph, std::uint64_t data_pairs,
                                std::uint64_t dummies) {
  CompileStatistics s;
  s.operators = graph.operators().size();
  s.tasks = graph.task_count();
  s.events = graph.event_count() + std::uint64_t{1};  // begin, end, and the runtime's termination
  s.tasks_per_operator = static_cast<double>(s.tasks) / static_cast<double>(s.operators);
  s.task_pairs = data_pairs + s.tasks;
  s.event_fusion_ratio = static_cast<double>(s.task_pairs) / static_cast<double>(s.events);
  const std::uint64_t begin_tasks = graph.events().end_task[graph.begin_event().index];
  s.successor_bytes_before = 4 * (s.tasks + (s.tasks - begin_tasks));
  s.successor_bytes_after = 8 * s.events;
  s.linearization_ratio =
      static_cast<double>(s.successor_bytes_before) / static_cast<double>(s.successor_bytes_after);
  s.dummy_tasks = dummies;
  return s;
}

}  // namespace

std::string_view name_of(Partition partition) {
  return partition == Partition::kMpk ? "mpk" : "balanced";
}
std::string_view name_of(EventGranularity events) {
  constexpr std::string_view kNames[] = {"gcd", "exact", "operator"};
  return kNames[static_cast<std::size_t>(events)];
}
constexpr std::array<std::string_view, 4> kFusionNames = {"none", "norm-linear", "norm",
                                                          "norm-gated"};
std::string_view name_of(OperatorFusion fusion) {
  return kFusionNames[static_cast<std::size_t>(fusion)];
}
std::optional<OperatorFusion> fusion_from_name(std::string_view name) {
  const auto found = std::ranges::find(kFusionNames, name);
  if (found == kFusionNames.end()) return std::nullopt;
  return static_cast<OperatorFusion>(found - kFusionNames.begin());
}

Result<Compiled> compile(const ComputationGraph& graph, const CompileOptions& options) {
  const Annotation phase("compile");
  const auto start = std::chrono::steady_clock::now();
  if (Status s = check_options(graph, options); !s) return tl::unexpected(s.error());
  if (Status s = validate(graph); !s) return tl::unexpected(s.error());
  Result<PartitionedGraph> partitioned = compiler::partition(graph, options);
  if (!partitioned) return tl::unexpected(partitioned.error());
  if (Status s = check_size(*partitioned); !s) return tl::unexpected(s.error());
  const DependencyGraph dependencies =
      compiler::strip_transitive(*partitioned, compiler::find_dependencies(*partitioned));
  EventPlan plan =
      compiler::plan_events(*partitioned, dependencies, options.events, options.overlap);
  const std::vector<EmptyTask> empty = compiler::normalise(plan, devices_of_tasks(*partitioned));
  Emission emission(info_of(graph, options), plan,
                    compiler::label_operators(*partitioned, dependencies, plan.barrier));
  Result<TaskGraph> task_graph =
      emission.emit(std::move(*partitioned), empty, compiler::lockstep_order(dependencies));
  if (!task_graph) return tl::unexpected(with_context("compile", task_graph.error()));
  CompileStatistics statistics = statistics_of(*task_graph, plan.task_pairs, empty.size());
  statistics.operator_names = operator_names(graph);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  statistics.compile_seconds = elapsed.count();
  return Compiled{std::move(*task_graph), std::move(statistics)};
}

Result<Compiled> compile_model(const ModelConfig& model, const StepShape& shape,
                               const CompileOptions& options) {
  const Result<ComputationGraph> graph = build_decode_step(model, shape, options.fusion);
  if (!graph) return tl::unexpected(graph.error());
  return compile(*graph, options);
}

}  // namespace mk
