// Analysis of large traces: critical path with blame of a million tasks (to be reached: 1 s),
// compare of two traces of two million slices (2 s), and what else `analyze` prints of a million
// tasks.
//   build/<preset>/benchmarks/analysis_benchmark
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.h"
#include "profiler/analysis/analyze.h"
#include "profiler/analysis/compare.h"
#include "profiler/analysis/critical_path.h"
#include "profiler/analysis/hops.h"
#include "profiler/analysis/overlap.h"
#include "profiler/analysis/slack.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

constexpr std::uint32_t kWorkers = 128;
constexpr Nanoseconds kHop = 1000;

// As a static run would go: an operator after the other, its tasks round robin over the workers,
// each `body` ns and a few more by its number.
RunRecord run_of(const std::shared_ptr<const TaskGraph>& graph, std::uint32_t iterations,
                 Nanoseconds body) {
  RunRecord run;
  run.meta = {{"source", "simulated"}, {"model", "g1m"}, {"tool_version", "0"}};
  run.policy.kind = PolicyKind::kStatic;
  run.roles = {kWorkers, 0};
  run.graphs = {graph};
  for (std::uint32_t w = 0; w < kWorkers; ++w)
    run.lanes.push_back({LaneKind::kWorker, 0, w, w, ""});
  Nanoseconds now = 0;
  for (std::uint32_t i = 0; i < iterations; ++i) {
    const Nanoseconds begin = now;
    std::vector<Nanoseconds> free(kWorkers, now);
    Nanoseconds ready = now;
    Nanoseconds last = now;
    for (std::uint32_t task = 0; task < graph->task_count(); ++task) {
      const bool is_new = task > 0 && graph->tasks().op[task] != graph->tasks().op[task - 1];
      if (is_new) ready = last;
      const std::uint32_t lane = task % kWorkers;
      TaskRecord t;
      t.task = task;
      t.iteration = i;
      t.lane = lane;
      t.ready = ready;
      t.start = std::max(ready + kHop, free[lane]);
      t.end = t.start + body + task % 97;
      t.notified = t.end + 50;
      free[lane] = t.notified;
      last = std::max(last, t.notified);
      run.tasks.push_back(t);
    }
    now = last;
    run.iterations.push_back({0, begin, now, decode_step(1, 100 + i)});
  }
  return run;
}

const Trace& trace_of(std::uint32_t iterations, Nanoseconds body) {
  static const auto graph =
      std::make_shared<const TaskGraph>(testing::grouped_graph(testing::kMillionTasks));
  static std::map<std::pair<std::uint32_t, Nanoseconds>, Trace> made;
  const auto [at, is_new] = made.try_emplace({iterations, body});
  if (is_new) at->second = make_trace(run_of(graph, iterations, body));
  return at->second;
}

void critical_path_with_blame(benchmark::State& state) {
  const Trace& trace = trace_of(1, 3000);
  for (auto _ : state) {
    const CriticalPath path = critical_path(TraceIndex(trace));
    MK_CHECK(!path.operators.empty(), "the path blames operators");
  }
}
BENCHMARK(critical_path_with_blame)->Unit(benchmark::kMillisecond);

void compare_two_million_slices(benchmark::State& state) {
  const Trace& predicted = trace_of(2, 3000);
  const Trace& measured = trace_of(2, 3100);
  for (auto _ : state) {
    const Result<Comparison> c = compare(predicted, measured, {.warmup = 0});
    MK_CHECK(c.has_value() && c->matched_tasks == 2 * trace_of(1, 3000).slices.size(),
             "all tasks are matched");
  }
}
BENCHMARK(compare_two_million_slices)->Unit(benchmark::kMillisecond);

template <typename Function>
void of_a_million_tasks(benchmark::State& state, Function&& function) {
  const Trace& trace = trace_of(1, 3000);
  for (auto _ : state) benchmark::DoNotOptimize(function(trace));
}
BENCHMARK_CAPTURE(of_a_million_tasks, analyze, [](const Trace& t) {
  return analyze(t);
})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(of_a_million_tasks, slack, [](const Trace& t) {
  return slack(TraceIndex(t));
})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(of_a_million_tasks, hops, [](const Trace& t) {
  return hop_latencies(TraceIndex(t));
})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(of_a_million_tasks, imbalance, [](const Trace& t) {
  return imbalances(t);
})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(of_a_million_tasks, overlap, [](const Trace& t) {
  return overlaps(t);
})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mk

BENCHMARK_MAIN();
