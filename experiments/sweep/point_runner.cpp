#include "experiments/sweep/point_runner.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "experiments/sweep/span_time.h"
#include "simulator/point.h"

namespace mk {
namespace {

// What of the point its graph depends on; the rest is set to nothing.
SweepPoint graph_key(const SweepPoint& point) {
  SweepPoint key = point;
  key.machine.clear();
  key.policy.clear();
  key.placement.clear();
  key.jit_placement.clear();
  key.worker_queue.clear();
  key.kernels.clear();
  key.engine.clear();
  key.mechanisms.clear();
  key.injections.clear();
  key.what_if.clear();
  key.expert_skew.clear();
  key.span.clear();
  key.workers = key.schedulers = key.iterations = key.seed = 0;
  return key;
}

// The bytes that were streamed over the most that the machine's memory achieves.
double bytes_bound_us(const SimulationResult& result, const Machine& machine) {
  double best = 0;
  for (double sms = 1; sms <= machine.sms.value; ++sms)
    best = std::max(best, machine.bandwidth_at(sms));
  return result.hbm_fraction * machine.memory.spec_bandwidth.value / best *
         to_microseconds(result.makespan);
}

SweepResult summary_of(const SimulationResult& result, const SweepPoint& point,
                       const GraphInfo& graph, const Machine& machine) {
  const PlanRequest plan = plan_of(point);
  const auto iterations = plan_iterations(plan, graph);
  SweepResult summary;
  summary.iteration_us = median_iteration_us(result);
  summary.makespan_us = to_microseconds(result.makespan);
  summary.tokens_per_second =
      static_cast<double>(generated_tokens(plan, *iterations, graph)) / to_seconds(result.makespan);
  summary.worker_busy_fraction = result.worker_busy_fraction;
  summary.scheduler_busy_fraction = result.scheduler_busy_fraction;
  summary.hbm_fraction = result.hbm_fraction;
  summary.lower_bound_us = bytes_bound_us(result, machine);
  summary.tasks_simulated = result.tasks_simulated;
  summary.events_processed = result.events_processed;
  return summary;
}

void add_span(const RunRecord& record, const std::string& span, SweepResult& result) {
  if (const Result<double> time = span_us(record, span)) {
    result.span_us = *time;
  } else {
    result = {.refused = time.error().message};
  }
}

}  // namespace

Result<Compiled> compiled_of(const SweepPoint& point, const Catalogue& catalogue) {
  return compile_point(point, catalogue.find_model(point.model));
}

Result<std::shared_ptr<const TaskGraph>> graph_of(const SweepPoint& point,
                                                  const Catalogue& catalogue) {
  Result<Compiled> compiled = compiled_of(point, catalogue);
  if (!compiled) return tl::unexpected(compiled.error());
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

Result<SimulationResult> predict(const SweepPoint& point,
                                 const std::shared_ptr<const TaskGraph>& graph,
                                 const Catalogue& catalogue, bool record) {
  return simulate_point(point, graph, catalogue.find_machine(point.machine), {.record = record});
}

PointRunner::PointRunner(const std::vector<SweepPoint>& points, const Catalogue& catalogue)
    : points_(points), catalogue_(catalogue), order_(points.size()) {
  std::vector<const SweepPoint*> key_of;
  for (const SweepPoint& point : points) {
    const auto place = graphs_.try_emplace(graph_key(point)).first;
    ++place->second.users;
    key_of.push_back(&place->first);
  }
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return *key_of[a] < *key_of[b]; });
}

SweepResult PointRunner::run(std::size_t index) {
  const SweepPoint& point = points_[index];
  Shared& shared = graphs_.find(graph_key(point))->second;
  std::call_once(shared.made, [&] { shared.graph = graph_of(point, catalogue_); });
  const Graph graph = shared.graph;
  SweepResult result;
  if (graph) {
    const Result<SimulationResult> predicted =
        predict(point, *graph, catalogue_, !point.span.empty());
    if (predicted) {
      result =
          summary_of(*predicted, point, (*graph)->info(), catalogue_.find_machine(point.machine));
      if (predicted->record) add_span(*predicted->record, point.span, result);
    } else {
      result.refused = predicted.error().message;
    }
  } else {
    result.refused = graph.error().message;
  }
  if (--shared.users == 0 && shared.graph) shared.graph = std::shared_ptr<const TaskGraph>();
  return result;
}

}  // namespace mk
