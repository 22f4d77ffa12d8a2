#include "tests/traces/tiny_run.h"

#include <utility>

#include "core/check.h"

namespace mk::testing {
namespace {

Operator two_tiles(const char* name, TaskKind kind) {
  Operator op;
  op.name = name;
  op.kind = kind;
  op.layer = 0;
  op.grid.extent = {2, 1, 1};
  return op;
}

TaskRecord task(std::uint32_t id, std::uint32_t lane, Nanoseconds enqueued, Nanoseconds ready,
                Nanoseconds start, Nanoseconds end, Nanoseconds notified) {
  TaskRecord t;
  t.task = id;
  t.lane = lane;
  t.enqueued = enqueued;
  t.fetched = enqueued + 5;
  t.ready = ready;
  t.start = start;
  t.end = end;
  t.notified = notified;
  return t;
}

void add_iteration(RunRecord& run, Nanoseconds at, std::uint32_t context) {
  const auto index = static_cast<std::uint32_t>(run.iterations.size());
  run.iterations.push_back({0, at, at + 1000, decode_step(1, context)});
  for (TaskRecord t : {task(0, 0, 40, 0, 60, 300, 310), task(1, 1, 50, 0, 70, 390, 400),
                       task(2, 0, 60, 400, 450, 900, 910), task(3, 1, 70, 400, 460, 980, 1000)}) {
    t.iteration = index;
    for (Nanoseconds* instant :
         {&t.enqueued, &t.fetched, &t.ready, &t.start, &t.end, &t.notified}) {
      *instant += at;
    }
    run.tasks.push_back(t);
  }
  run.activations.push_back({1, index, at + 400, kNotTaken, kNotTaken, {}});
}

}  // namespace

std::shared_ptr<const TaskGraph> two_layer_graph() {
  GraphInfo info;
  info.model = "tiny";
  info.workers = 2;
  TaskGraphBuilder builder(info);
  TaskClass qkv;
  qkv.weight_bytes.base = 4096;
  qkv.activation_bytes.terms.push_back({QuantityKind::kLiveTokens, 0, 64});
  TaskClass down;
  down.weight_bytes.base = 8192;
  down.kv_bytes.terms.push_back({QuantityKind::kContext, 0, 2});
  const std::uint32_t classes[] = {builder.add_class(qkv), builder.add_class(down)};
  const OperatorId ops[] = {builder.add_operator(two_tiles("qkv", TaskKind::kLinear)),
                            builder.add_operator(two_tiles("down", TaskKind::kAttention))};
  const auto between = builder.add_event();
  for (const std::uint32_t half : {0U, 1U}) {
    for (const std::uint32_t tile : {0U, 1U}) {
      TaskGraphBuilder::TaskSpec spec;
      spec.op = ops[half];
      spec.kind = half == 0 ? TaskKind::kLinear : TaskKind::kAttention;
      spec.tile = tile;
      spec.task_class = classes[half];
      spec.dependent_event = half == 0 ? TaskGraphBuilder::kBegin : between;
      spec.triggering_event = half == 0 ? between : TaskGraphBuilder::kEnd;
      builder.add_task(spec);
    }
  }
  Result<TaskGraph> graph = std::move(builder).build();
  MK_CHECK(graph.has_value(), "the tiny graph is right");
  return std::make_shared<const TaskGraph>(std::move(*graph));
}

RunRecord two_iteration_run() {
  RunRecord run;
  run.meta = {{"source", "simulated"}, {"model", "tiny"}, {"tool_version", "0.1.0"}};
  run.policy.kind = PolicyKind::kAot;
  run.roles = {2, 1};
  run.graphs = {two_layer_graph()};
  run.lanes = {{LaneKind::kWorker, 0, 0, 0U, ""},
               {LaneKind::kWorker, 0, 1, 1U, ""},
               {LaneKind::kScheduler, 0, 0, {}, ""}};
  add_iteration(run, 100, 7);
  add_iteration(run, 1200, 8);
  run.requests.push_back({0, 100, 1100, kNotTaken, 2});
  run.span_names = {"prepare"};
  run.spans.push_back({2, 0, 1100, 1200, std::nullopt});
  run.clocks.push_back({0, 12, 0.5});
  run.counter_tracks = {"queue depth"};
  run.counters = {{0, 100, 1.0}, {0, 1200, 2.5}};
  run.health.push_back({"records_dropped", 3, "the buffer of worker 1 was full"});
  return run;
}

}  // namespace mk::testing
