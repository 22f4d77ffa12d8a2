#include <memory>

#include "core/check.h"
#include "gpu_backend/host/microbench_parts.h"
#include "gpu_backend/host/run_on_threads.h"

namespace mk::microbench {
std::shared_ptr<const TaskGraph> empty_tasks(std::uint32_t operators, std::uint32_t groups,
                                             std::uint32_t group) {
  using Builder = TaskGraphBuilder;
  return graph_of_empty_tasks(groups * group, [&](Builder& builder, OperatorId id) {
    std::vector<Builder::NewEvent> waits(groups, Builder::kBegin);
    for (std::uint32_t o = 0; o < operators; ++o) {
      std::vector<Builder::NewEvent> triggers(groups, Builder::kEnd);
      if (o + 1 < operators) {
        for (Builder::NewEvent& event : triggers) event = builder.add_event();
      }
      for (std::uint32_t t = 0; t < groups * group; ++t) {
        builder.add_task({id, TaskKind::kEmpty, 0, 0, LaunchLabel::kJit, waits[t / group],
                          triggers[t % groups]});
      }
      waits = triggers;
    }
  });
}

std::shared_ptr<const TaskGraph> graph_of_empty_tasks(
    std::uint32_t tiles, const std::function<void(TaskGraphBuilder&, OperatorId)>& add_tasks) {
  using Builder = TaskGraphBuilder;
  GraphInfo info;
  info.model = "synthetic";
  Builder builder(info, Builder::OperatorTiles::kAny);
  builder.add_class({});
  Operator op;
  op.name = "empty";
  op.grid.extent = {tiles, 1, 1};
  add_tasks(builder, builder.add_operator(op));
  Result<TaskGraph> graph = std::move(builder).build();
  MK_CHECK(graph.has_value(), "the microbenchmark's graph is well formed");
  return std::make_shared<const TaskGraph>(*std::move(graph));
}

namespace {

struct NoWork {
  std::uint32_t iterations;
  void execute(std::uint32_t, std::uint32_t, std::uint32_t) {}
  bool prepare(std::uint32_t iteration, IterationState&) { return iteration < iterations; }
};

Result<RunRecord> run(std::shared_ptr<const TaskGraph> graph, PolicyKind policy, Roles roles,
                      std::uint32_t iterations) {
  HostRunOptions options;
  options.policy.kind = policy;
  options.roles = roles;
  options.record = false;
  NoWork program{iterations};
  return run_on_threads(std::move(graph), program, options);
}

}  // namespace

Result<Samples> empty_task(PolicyKind policy, Roles roles, std::uint32_t repetitions) {
  constexpr std::uint32_t kOperators = 40;
  constexpr std::uint32_t kWarmUp = 2;
  const auto graph = empty_tasks(kOperators, 32, 8);
  Result<RunRecord> record = run(graph, policy, roles, repetitions + kWarmUp);
  if (!record) return tl::unexpected(record.error());
  Samples samples;
  for (std::uint32_t i = kWarmUp; i < record->iterations.size(); ++i) {
    const IterationRecord& iteration = record->iterations[i];
    samples.push_back(static_cast<double>(iteration.end - iteration.start) * 1e-3 /
                      graph->task_count());
  }
  return samples;
}

Result<Samples> iteration_boundary(PolicyKind policy, Roles roles) {
  constexpr std::uint32_t kIterations = 500;
  Result<RunRecord> record = run(empty_tasks(1, 1, 8), policy, roles, kIterations);
  if (!record) return tl::unexpected(record.error());
  Samples samples;
  for (std::uint32_t i = 10; i < record->iterations.size(); ++i) {
    samples.push_back(
        static_cast<double>(record->iterations[i].start - record->iterations[i - 1].end) * 1e-3);
  }
  return samples;
}

}  // namespace mk::microbench
