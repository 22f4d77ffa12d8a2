#include "simulator/point.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "core/expert_routing.h"
#include "core/graph_settings.h"
#include "core/policy.h"
#include "simulator/machine_ranges.h"

namespace mk {
namespace {

constexpr std::string_view kDraw = "draw";  // what_if
constexpr std::string_view kInTurn = "in-turn";
constexpr std::string_view kShortestQueue = "shortest-queue";
constexpr std::string_view kPolling = "polling";
constexpr std::string_view kBlocking = "blocking";

Result<double> number_from(const std::string& text, std::string_view what) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is no number", what, text));
}

// The enumerator with this name, of those listed.
template <typename Enum>
std::optional<Enum> named(std::string_view name, std::initializer_list<Enum> all) {
  for (const Enum one : all) {
    if (name_of(one) == name) return one;
  }
  return std::nullopt;
}

std::optional<Partition> partition_from(std::string_view name) {
  return named(name, {Partition::kMpk, Partition::kBalanced});
}
std::optional<EventGranularity> events_from(std::string_view name) {
  return named(name,
               {EventGranularity::kGcd, EventGranularity::kExact, EventGranularity::kOperator});
}

Status unknown(std::string_view axis, std::string_view value) {
  return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is unknown", axis, value));
}

Status check_names(const SweepPoint& point) {
  if (!policy_from_name(point.policy)) return unknown("policy", point.policy);
  if (!placement_from_name(point.placement)) return unknown("placement", point.placement);
  if (!partition_from(point.partition)) return unknown("partition", point.partition);
  if (!fusion_from_name(point.fusion)) return unknown("fuse", point.fusion);
  if (!events_from(point.events)) return unknown("events", point.events);
  if (point.jit_placement != kInTurn && point.jit_placement != kShortestQueue)
    return unknown("jit_placement", point.jit_placement);
  if (point.worker_queue != kPolling && point.worker_queue != kBlocking)
    return unknown("worker_queue", point.worker_queue);
  if (point.experts != "stride" && point.experts != "static")
    return unknown("experts", point.experts);
  if (!point.expert_skew.empty()) {
    const Result<double> skew = number_from(point.expert_skew, "expert_skew");
    if (!skew) return tl::unexpected(skew.error());
    if (!(*skew >= 0 && *skew <= 16)) return unknown("expert_skew", point.expert_skew);
  }
  if (point.engine != name_of(EngineKind::kElided) &&
      point.engine != name_of(EngineKind::kReference))
    return unknown("engine", point.engine);
  if (point.overlap != "on" && point.overlap != "off") return unknown("overlap", point.overlap);
  if (const auto kernels = kernel_plan_from_text(point.kernels); !kernels)
    return tl::unexpected(kernels.error());
  return {};
}

Status check_assignments(const SweepPoint& point, const Machine& machine) {
  Mechanisms mechanisms;
  for (const std::string& text : assignments_of(point.mechanisms)) {
    if (const Status set = set_mechanism(mechanisms, text); !set) return set;
  }
  Injections injections;
  for (const std::string& text : assignments_of(point.injections)) {
    if (const Status added = add_injection(injections, text); !added) return added;
  }
  if (const auto how = compile_options_of(point); !how) return tl::unexpected(how.error());
  if (point.what_if.empty()) return {};
  const Result<Machine> changed = machine_of(point, machine);
  if (!changed) return fail(ErrorCode::kUsage, "what_if: " + changed.error().message);
  return {};
}

void route_experts(const SweepPoint& point, const TaskGraph& graph,
                   std::vector<IterationState>& iterations) {
  for (std::uint32_t i = 0; i < iterations.size(); ++i) {
    if (point.expert_skew.empty()) {
      assume_even_routing(graph, iterations[i]);
    } else {
      draw_routing(graph, {point.seed, std::stod(point.expert_skew)}, i, iterations[i]);
    }
  }
}

}  // namespace

SweepPoint plain_point() {
  SweepPoint point;
  point.policy = facts(PolicyKind::kHybrid).name;
  point.placement = name_of(Placement::kRoundRobin);
  point.partition = name_of(Partition::kMpk);
  point.fusion = name_of(OperatorFusion::kNone);
  point.events = name_of(EventGranularity::kGcd);
  point.jit_placement = kInTurn;
  point.worker_queue = kPolling;
  point.overlap = "on";
  point.experts = "stride";
  point.engine = name_of(EngineKind::kElided);
  point.iterations = 4;
  return point;
}

void choose_split(SweepPoint& point, const SaidOfSplit& said, const Machine& machine) {
  const PolicyKind policy = *policy_from_name(point.policy);
  if (facts(policy).family == PolicyFamily::kPerKernel) {
    point.workers = static_cast<std::uint64_t>(machine.sms.value);
    point.schedulers = 0;
    point.placement = name_of(Placement::kRoundRobin);
    point.jit_placement = kInTurn;
    point.worker_queue = kPolling;
    point.engine = name_of(EngineKind::kElided);
  } else {
    point.kernels.clear();
    if (!said.workers) point.workers = static_cast<std::uint64_t>(machine.default_workers.value);
    if (!said.schedulers)
      point.schedulers = static_cast<std::uint64_t>(machine.default_schedulers.value);
    if (policy == PolicyKind::kStatic) point.schedulers = 0;
  }
  if (!said.grid_workers) point.grid_workers = point.workers;
}

Status check_point(const SweepPoint& point, const Machine& machine) {
  if (const Status known = check_names(point); !known) return known;
  return check_assignments(point, machine);
}

PlanRequest plan_of(const SweepPoint& point) {
  return {static_cast<std::uint32_t>(point.iterations),
          static_cast<std::uint32_t>(point.prompt_tokens),
          static_cast<std::uint32_t>(point.generate)};
}

Result<CompileOptions> compile_options_of(const SweepPoint& point) {
  CompileOptions options;
  options.partition = *partition_from(point.partition);
  options.events = *events_from(point.events);
  options.fusion = *fusion_from_name(point.fusion);
  options.workers = static_cast<std::uint32_t>(point.grid_workers);
  options.context = static_cast<std::uint32_t>(point.context);
  options.overlap = point.overlap == "on";
  Result<GraphSettings> settings = parse_graph_settings(assignments_of(point.task_counts));
  if (!settings) return tl::unexpected(settings.error());
  options.tasks_of = std::move(settings->tasks_of);
  return options;
}

Result<StepShape> step_shape_of(const SweepPoint& point, const ModelConfig& model) {
  const auto context = static_cast<std::uint32_t>(point.context);
  const auto positions = static_cast<std::uint32_t>(point.prompt_tokens + point.generate);
  const Result<GraphSettings> settings = parse_graph_settings(assignments_of(point.task_counts));
  if (!settings) return tl::unexpected(settings.error());
  StepShape shape = {
      .batch_tokens = static_cast<std::uint32_t>(point.batch_tokens),
      .requests = static_cast<std::uint32_t>(point.requests),
      .max_context = cache_positions(model, context, positions),
      .devices = static_cast<std::uint32_t>(point.devices),
      .experts = point.experts == "static" ? ExpertSchedule::kStatic : ExpertSchedule::kStride};
  settings->apply_to(shape, context);
  return shape;
}

SimulationOptions simulation_options_of(const SweepPoint& point) {
  SimulationOptions options;
  options.policy.kind = policy_from_name(point.policy).value();
  options.policy.placement = placement_from_name(point.placement).value();
  if (point.jit_placement == kShortestQueue)
    options.policy.jit_placement = JitPlacement::kShortestQueue;
  options.policy.blocking_fifo = point.worker_queue == kBlocking;
  options.roles = {static_cast<std::uint32_t>(point.workers),
                   static_cast<std::uint32_t>(point.schedulers)};
  options.kernels = kernel_plan_from_text(point.kernels).value();
  if (point.engine == name_of(EngineKind::kReference)) options.engine = EngineKind::kReference;
  options.seed = point.seed;
  options.lower_bounds = false;
  for (const std::string& text : assignments_of(point.mechanisms))
    static_cast<void>(set_mechanism(options.mechanisms, text));
  for (const std::string& text : assignments_of(point.injections))
    static_cast<void>(add_injection(options.injections, text));
  return options;
}

Result<Machine> machine_of(const SweepPoint& point, const Machine& base) {
  Machine machine = base;
  for (const std::string& text : assignments_of(point.what_if)) {
    const std::size_t equals = std::min(text.find('='), text.size() - 1);
    const Result<double> value = number_from(text.substr(equals + 1), "what_if");
    if (!value) return tl::unexpected(value.error());
    if (text.substr(0, equals) == kDraw) {
      machine = draw_machine(machine, static_cast<std::uint64_t>(*value));
      continue;
    }
    if (const Status set = set_number(machine, text.substr(0, equals), *value); !set)
      return tl::unexpected(set.error());
  }
  return machine;
}

std::vector<std::string> assignments_of(const std::string& joined) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < joined.size();) {
    const std::size_t end = std::min(joined.find('+', begin), joined.size());
    if (end > begin) words.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

Result<Compiled> compile_point(const SweepPoint& point, const ModelConfig& model) {
  const Result<CompileOptions> how = compile_options_of(point);
  if (!how) return tl::unexpected(how.error());
  const Result<StepShape> shape = step_shape_of(point, model);
  if (!shape) return tl::unexpected(shape.error());
  return compile_model(model, *shape, *how);
}

Result<SimulationResult> simulate_point(const SweepPoint& point,
                                        const std::shared_ptr<const TaskGraph>& graph,
                                        const Machine& base, const PointRun& how) {
  std::optional<Machine> changed;
  if (!point.what_if.empty()) {
    Result<Machine> machine = machine_of(point, base);
    if (!machine) return tl::unexpected(machine.error());
    changed = std::move(*machine);
  }
  SimulationOptions options = simulation_options_of(point);
  options.record = how.record;
  options.progress = how.progress;
  Result<std::vector<IterationState>> iterations = plan_iterations(plan_of(point), graph->info());
  if (!iterations) return tl::unexpected(iterations.error());
  options.iterations = std::move(*iterations);
  route_experts(point, *graph, options.iterations);
  return simulate(graph, changed ? *changed : base, options);
}

}  // namespace mk
