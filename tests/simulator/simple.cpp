#include "tests/simulator/simple.h"

#include <gtest/gtest.h>

namespace mk::testing {

void set(Number& number, double value) { number = {value, value, value, "test"}; }

Machine simple_machine() {
  Machine machine = load_machine("h100-sxm").value();
  machine.memory.curve.resize(1);
  visit_numbers(machine, [](const NumberFacts& facts, Number& number) {
    set(number, facts.minimum == 0 && !facts.exclusive ? 0 : 1);
  });
  machine.name = "simple";
  set(machine.sms, 8);
  set(machine.default_workers, 8);
  set(machine.memory.curve[0].bandwidth, 1000);
  set(machine.memory.spec_bandwidth, 1000);
  set(machine.protocol.fetch_batch, 16);
  set(machine.protocol.queue_capacity, 1e6);
  set(machine.protocol.event_queue_capacity, 1e6);
  for (BodyNumbers& body : machine.bodies) {
    set(body.bytes_in_flight, 1e9);
    set(body.port_limit, 10);
    set(body.flops_per_cycle, 1000);
  }
  return machine;
}

Mechanisms plain() {
  Mechanisms mechanisms;
  mechanisms.noise = false;
  mechanisms.sm_spread = false;
  mechanisms.smooth_knee = false;
  return mechanisms;
}

SimulationOptions plain_options(PolicyKind policy, std::uint32_t workers,
                                std::uint32_t schedulers) {
  SimulationOptions options;
  options.policy.kind = policy;
  options.roles = {workers, schedulers};
  options.mechanisms = plain();
  return options;
}

std::shared_ptr<const TaskGraph> layers(std::uint32_t layers, std::uint32_t tasks,
                                        std::int64_t bytes, LaunchLabel label, std::int64_t flops) {
  TaskClass work;
  work.weight_bytes.base = bytes;
  work.preload_bytes = bytes;
  work.flops.base = flops;
  return testing::layers(layers, tasks, work, label);
}

std::shared_ptr<const TaskGraph> layers(std::uint32_t layers, std::uint32_t tasks,
                                        const TaskClass& work, LaunchLabel label) {
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  const std::uint32_t task_class = builder.add_class(work);
  TaskGraphBuilder::NewEvent before = TaskGraphBuilder::kBegin;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    Operator op;
    op.name = "linear";
    op.kind = TaskKind::kLinear;
    op.layer = layer;
    op.grid.extent = {tasks, 1, 1};
    const OperatorId id = builder.add_operator(op);
    const auto after = layer + 1 < layers ? builder.add_event() : TaskGraphBuilder::kEnd;
    for (std::uint32_t tile = 0; tile < tasks; ++tile) {
      builder.add_task({id, TaskKind::kLinear, tile, task_class, label, before, after});
    }
    before = after;
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

double makespan_us(const std::shared_ptr<const TaskGraph>& graph, const Machine& machine,
                   const SimulationOptions& options) {
  const Result<SimulationResult> result = simulate(graph, machine, options);
  EXPECT_TRUE(result) << result.error().message;
  return result ? to_microseconds(result->makespan) : 0;
}

}  // namespace mk::testing
