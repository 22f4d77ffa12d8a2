#include "tests/perf/viewer_traces.h"

#include <random>

namespace mk {
namespace {

constexpr std::uint32_t kOperators = 10;

TraceGraph graph_of(std::uint32_t tasks) {
  TraceGraph graph;
  const char* names[kOperators] = {"input_norm", "qkv",      "attention", "o_proj",     "post_norm",
                                   "gate_up",    "silu_mul", "down",      "final_norm", "lm_head"};
  for (const char* name : names)
    graph.operators.push_back({name, TaskKind::kLinear, 0, 0, tasks / kOperators});
  graph.classes.emplace_back();
  for (std::uint32_t t = 0; t < tasks; ++t) {
    graph.tasks.op.push_back(t % kOperators);
    graph.tasks.tile.push_back(t / kOperators);
    graph.tasks.dependent_event.push_back(0);
    graph.tasks.triggering_event.push_back(1);
    graph.tasks.task_class.push_back(0);
    graph.tasks.kind.push_back(TaskKind::kLinear);
    graph.tasks.label.push_back(LaunchLabel::kAot);
  }
  graph.events = {{1, tasks}, {0, tasks}, {tasks, tasks}, {0, 0}};
  return graph;
}

}  // namespace

Trace viewer_trace(std::size_t slices, std::uint32_t seed) {
  Trace trace;
  const auto a_lane = static_cast<std::uint32_t>(slices / kViewerLanes);
  const std::uint32_t tasks = 8160;  // a lane does 60 of them an iteration
  const std::uint32_t an_iteration = tasks / kViewerLanes;
  const std::uint32_t iterations = a_lane / an_iteration;
  trace.graphs.push_back(graph_of(tasks));
  trace.meta = {{"source", "simulated"},      {"policy", "static"},
                {"placement", "round-robin"}, {"jit_placement", "in_turn"},
                {"blocking_fifo", "0"},       {"workers", std::to_string(kViewerLanes)},
                {"schedulers", "0"}};
  trace.roles = {kViewerLanes, 0};
  trace.policy.kind = PolicyKind::kStatic;
  std::mt19937 engine(seed);
  SliceColumns& s = trace.slices;
  s.resize(std::size_t{iterations} * tasks);
  std::size_t k = 0;
  Nanoseconds last = 0;
  for (std::uint32_t lane = 0; lane < kViewerLanes; ++lane) {
    trace.lanes.push_back({LaneKind::kWorker, 0, lane, lane, {}});
    Nanoseconds time = 0;
    for (std::uint32_t i = 0; i < iterations; ++i) {
      for (std::uint32_t j = 0; j < an_iteration; ++j, ++k) {
        s.lane[k] = lane;
        s.task[k] = j * kViewerLanes + lane;
        s.iteration[k] = i;
        s.name[k] = kNoIndex;
        s.ready.set(k, time + static_cast<Nanoseconds>(engine() % 200));
        s.enqueued.set(k, s.ready[k] - 2000);
        s.fetched.set(k, s.ready[k] - 100);
        s.preload.set(k, s.ready[k] - 80);
        s.start.set(k, s.ready[k] + static_cast<Nanoseconds>(engine() % 300));
        s.first_data.set(k, s.start[k] + 700);
        s.end.set(k, s.start[k] + 1500 + static_cast<Nanoseconds>(engine() % 4000));
        s.notified.set(k, s.end[k] + 50);
        time = s.notified[k];
      }
    }
    last = std::max(last, time);
  }
  for (std::uint32_t i = 0; i < iterations; ++i) {
    IterationRecord iteration;
    iteration.start = last / iterations * i;
    iteration.end = last / iterations * (i + 1);
    iteration.state = decode_step(1, 1024);
    trace.iterations.push_back(iteration);
  }
  return trace;
}

}  // namespace mk
