#include "tests/simulator/drawn.h"

#include <algorithm>

#include "core/random.h"

namespace mk::testing {

std::shared_ptr<const TaskGraph> drawn_graph(std::uint64_t seed) {
  std::uint32_t drawn = 0;
  const auto draw = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(random_bits(seed, 0, drawn++, 7) % below);
  };
  constexpr TaskKind kKinds[] = {TaskKind::kLinear, TaskKind::kRmsNorm, TaskKind::kAttention,
                                 TaskKind::kSiluMul, TaskKind::kEmpty};
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  const std::uint32_t layer_count = 2 + draw(12);
  std::vector<TaskGraphBuilder::NewEvent> before = {TaskGraphBuilder::kBegin};
  for (std::uint32_t layer = 0; layer < layer_count; ++layer) {
    const bool last = layer + 1 == layer_count;
    Operator op;
    op.kind = kKinds[draw(5)];
    op.grid.extent = {1 + draw(40), 1, 1};
    const std::uint32_t tiles = op.grid.tiles();
    const OperatorId id = builder.add_operator(op);
    TaskClass work;
    work.weight_bytes.base = op.kind == TaskKind::kLinear ? 1'000 + draw(600'000) : 0;
    work.preload_bytes = draw(2) == 0 ? work.weight_bytes.base : work.weight_bytes.base / 3;
    work.kv_bytes.base = op.kind == TaskKind::kAttention ? draw(20'000) : 0;
    work.activation_bytes.base = draw(4'000);
    work.flops.base = draw(100'000);
    if (draw(3) == 0) work.page_release_step = {0, 0, 9, 9, 9, 255, 255};
    const std::uint32_t task_class = builder.add_class(work);
    // Events of this layer: as many as both it and the layer before can feed.
    const auto groups = last ? 1 : 1 + draw(std::min<std::uint32_t>(tiles, 6));
    std::vector<TaskGraphBuilder::NewEvent> after;
    for (std::uint32_t g = 0; g < groups; ++g) {
      after.push_back(last ? TaskGraphBuilder::kEnd : builder.add_event());
    }
    const auto label = draw(2) == 0 ? LaunchLabel::kAot : LaunchLabel::kJit;
    // Each event before launches something, each event after is notified.
    const std::uint32_t count =
        std::max({tiles, static_cast<std::uint32_t>(before.size()), groups});
    for (std::uint32_t i = 0; i < count; ++i) {
      builder.add_task({id, op.kind, i % tiles, task_class, label, before[i % before.size()],
                        after[i % groups]});
    }
    before = after;
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

std::shared_ptr<const TaskGraph> drawn_exchange(std::uint64_t seed, std::uint8_t devices) {
  std::uint32_t drawn = 0;
  const auto draw = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(random_bits(seed, 1, drawn++, 7) % below);
  };
  GraphInfo info;
  info.devices = devices;
  TaskGraphBuilder builder(info, TaskGraphBuilder::OperatorTiles::kAny);
  using Event = TaskGraphBuilder::NewEvent;
  const auto label = [&] { return draw(2) == 0 ? LaunchLabel::kAot : LaunchLabel::kJit; };
  const auto add = [&](TaskKind kind, std::uint8_t device, const TaskClass& work,
                       std::uint32_t tasks, Event before, const std::vector<Event>& after) {
    Operator op;
    op.kind = kind;
    op.device = device;
    op.grid.extent = {tasks, 1, 1};
    const OperatorId id = builder.add_operator(op);
    const std::uint32_t task_class = builder.add_class(work);
    const LaunchLabel launch = label();
    for (std::uint32_t t = 0; t < tasks; ++t) {
      builder.add_task({id, kind, t, task_class, launch, before, after[t % after.size()]});
    }
  };
  std::vector<Event> before(devices, TaskGraphBuilder::kBegin);
  const std::uint32_t layer_count = 1 + draw(5);
  for (std::uint32_t layer = 0; layer < layer_count; ++layer) {
    std::vector<Event> summed, sent, reduced;
    for (std::uint8_t d = 0; d < devices; ++d) {
      summed.push_back(builder.add_event(d));
      sent.push_back(builder.add_event(d));
      reduced.push_back(layer + 1 < layer_count ? builder.add_event(d) : TaskGraphBuilder::kEnd);
    }
    TaskClass weights, exchange, sum;
    weights.weight_bytes.base = 1'000 + draw(600'000);
    weights.preload_bytes = weights.weight_bytes.base;
    exchange.bytes_sent.base = 1 + draw(100'000);
    sum.activation_bytes.base = draw(8'000);
    const std::uint32_t width = 1 + draw(20);
    for (std::uint8_t d = 0; d < devices; ++d) {
      add(TaskKind::kLinear, d, weights, width, before[d], {summed[d]});
      std::vector<Event> peers;
      for (std::uint8_t p = 0; p < devices; ++p) {
        if (p != d) peers.push_back(sent[p]);
      }
      add(TaskKind::kPut, d, exchange, static_cast<std::uint32_t>(peers.size()) * 3, summed[d],
          peers);
      add(TaskKind::kReduce, d, sum, 1 + draw(12), sent[d], {reduced[d]});
    }
    before = reduced;
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

std::vector<SimulationOptions> all_splits(std::uint64_t seed) {
  std::vector<SimulationOptions> all;
  for (const PolicyFacts& policy : kPolicies) {
    if (policy.family != PolicyFamily::kMegakernel) continue;
    for (const Roles roles : {Roles{1, 0}, Roles{1, 1}, Roles{5, 0}, Roles{7, 3}, Roles{100, 16}}) {
      for (const bool variant : {false, true}) {
        SimulationOptions options;
        options.policy.kind = policy.kind;
        options.policy.jit_placement =
            variant ? JitPlacement::kShortestQueue : JitPlacement::kInTurn;
        options.policy.placement = variant ? Placement::kSwizzle : Placement::kRoundRobin;
        options.roles = roles;
        options.seed = seed;
        options.record = true;
        options.iterations.assign(3, decode_step(2, 9));
        all.push_back(options);
      }
    }
  }
  return all;
}

std::string describe(const SimulationOptions& options) {
  return std::string(facts(options.policy.kind).name) + " workers " +
         std::to_string(options.roles.workers) + " schedulers " +
         std::to_string(options.roles.schedulers) + " seed " + std::to_string(options.seed);
}

}  // namespace mk::testing
