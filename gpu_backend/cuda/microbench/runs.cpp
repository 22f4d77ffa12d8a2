// Runs of the megakernel whose tasks do nothing: what the protocol costs, policy by policy.
//
//   empty_task  many independent tasks: an iteration / tasks
//   hop         a chain of tasks, one after the other: an iteration / tasks
//   barrier     each task of a layer waits for all of the layer before: an iteration / layers
//   boundary    the end of an iteration until the begin of the next
//   begin_store what a scheduler's lane needs for each task that it stores at `begin`
#include <fmt/format.h>

#include <memory>

#include "core/task_graph.h"
#include "gpu_backend/cuda/device_launch.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

constexpr std::uint32_t kIterations = 24;
constexpr std::uint32_t kWarmUp = 4;

struct RunTimes {
  Samples iteration_us{};
  Samples boundary_us{};
};

class EmptyRun {
 public:
  EmptyRun(Lab& lab, std::shared_ptr<const TaskGraph> graph, PolicyKind policy, Roles roles)
      : lab_(lab),
        graph_(std::move(graph)),
        options_(options_for(policy, roles)),
        launch_(*graph_, options_) {}

  RunTimes run() {
    DeviceImage size(nullptr);
    place(size);
    Table<std::byte> memory = lab_.zeros<std::byte>(size.bytes().size());
    if (!lab_.status()) return {};
    DeviceImage image(memory.get());
    place(image);
    lab_.note(checked(cudaMemcpy(memory.get(), image.bytes().data(), image.bytes().size(),
                                 cudaMemcpyHostToDevice),
                      "copying tables"));
    launch_kernel();
    const std::vector<std::byte> left = lab_.read(memory);
    if (lab_.status()) lab_.note(launch_.outcome(args_.launch, memory.get(), left));
    if (!lab_.status()) return {};
    return times(reinterpret_cast<const IterationTicks*>(
        left.data() + (reinterpret_cast<const std::byte*>(args_.iterations) - memory.get())));
  }

 private:
  static HostRunOptions options_for(PolicyKind policy, Roles roles) {
    HostRunOptions options;
    options.policy.kind = policy;
    options.roles = roles;
    options.deadline_seconds = 2;
    options.record = false;
    return options;
  }

  std::uint32_t lanes() const { return options_.roles.workers + options_.roles.schedulers; }

  // Tasks have a body that finds no live row, so that each is handed to the compute warps and back.
  void place(DeviceImage& image) {
    args_ = {};
    args_.launch = launch_.place(image);
    std::vector<TaskDescriptor> descriptors(graph_->task_count());
    for (TaskDescriptor& task : descriptors) task.kind = TaskKind::kSiluMul;
    args_.descriptors = image.add(descriptors);
    args_.decode.steps = image.zeros<StepRow>(kIterations);
    args_.decode.iterations = kIterations;
    args_.iterations = image.zeros<IterationTicks>(kIterations + 1);
    args_.lane_rows = image.zeros<DeviceLaneRows>(row_sets(options_.roles));
    args_.sm_of_lane = image.zeros<std::uint32_t>(lanes());
  }

  void launch_kernel() {
    cudaLaunchAttribute cooperative{};
    cooperative.id = cudaLaunchAttributeCooperative;
    cooperative.val.cooperative = 1;
    const std::uint32_t scheduler_blocks =
        (options_.roles.schedulers + kSchedulersPerBlock - 1) / kSchedulersPerBlock;
    void* arguments[] = {&args_};
    lab_.launch(
        "a run of empty tasks", megakernel_symbol(false),
        {options_.roles.workers + scheduler_blocks, kBlockThreads, megakernel_shared_bytes(0)},
        arguments, std::span(&cooperative, 1));
    lab_.finish("a run of empty tasks");
  }

  static RunTimes times(const IterationTicks* ticks) {
    RunTimes times;
    for (std::uint32_t i = kWarmUp; i < kIterations; ++i) {
      times.iteration_us.push_back(static_cast<double>(ticks[i].end - ticks[i].start) * 1e-3);
      times.boundary_us.push_back(static_cast<double>(ticks[i].start - ticks[i - 1].end) * 1e-3);
    }
    return times;
  }

  Lab& lab_;
  std::shared_ptr<const TaskGraph> graph_;
  HostRunOptions options_;
  DeviceLaunch launch_;
  MegakernelArgs args_{};
};

Samples scaled(Samples samples, double by) {
  for (double& s : samples) s *= by;
  return samples;
}

void measure_split(Lab& lab, Results& results, PolicyKind policy, Roles roles) {
  constexpr std::uint32_t kLayers = 64;
  const std::string split =
      fmt::format("{}_{}w{}s", facts(policy).name, roles.workers, roles.schedulers);
  const auto run = [&](const char* what, std::uint32_t layers, std::uint32_t groups,
                       std::uint32_t group, double per) {
    const auto graph = mk::microbench::empty_tasks(layers, groups, group);
    const RunTimes times = EmptyRun(lab, graph, policy, roles).run();
    results.add(lab, fmt::format("{}_{}", what, split), "us", scaled(times.iteration_us, 1 / per));
    return times;
  };
  run("empty_task", 40, 64, 8, 40 * 64 * 8);
  run("barrier", kLayers, 1, roles.workers, kLayers);
  const RunTimes chain = run("hop", kLayers, 1, 1, kLayers);
  results.add(lab, "boundary_" + split, "us", chain.boundary_us);
}

// One JIT task that `begin` launches, and `rows` AOT tasks a worker behind it.
std::shared_ptr<const TaskGraph> tasks_behind_one(std::uint32_t workers, std::uint32_t rows) {
  using Builder = TaskGraphBuilder;
  const auto add_tasks = [&](Builder& builder, OperatorId id) {
    const Builder::NewEvent first = builder.add_event();
    builder.add_task({id, TaskKind::kEmpty, 0, 0, LaunchLabel::kJit, Builder::kBegin, first});
    for (std::uint32_t t = 0; t < workers * rows; ++t) {
      builder.add_task({id, TaskKind::kEmpty, 0, 0, LaunchLabel::kAot, first, Builder::kEnd});
    }
  };
  return mk::microbench::graph_of_empty_tasks(workers * rows + 1, add_tasks);
}

// A scheduler under hybrid serves its first JIT task once it has stored all AOT tasks, and these
// wait for that one: an iteration is stores, a hop, tasks. What a row more takes, with one
// scheduler and with four, differs by the workers that a lane serves: as many in each lane.
// (Simulated, it finds what the machine says to 1 %.)
void measure_begin_store(Lab& lab, Results& results) {
  constexpr std::uint32_t kFew = 16;
  constexpr std::uint32_t kMany = 48;
  constexpr std::uint32_t kLanes = 32;
  const std::uint32_t workers = (lab.sms() - 1) / (4 * kLanes) * 4 * kLanes;
  if (workers == 0) return;
  const auto row_us = [&](std::uint32_t schedulers) {
    const auto iteration_us = [&](std::uint32_t rows) {
      const RunTimes times =
          EmptyRun(lab, tasks_behind_one(workers, rows), PolicyKind::kHybrid, {workers, schedulers})
              .run();
      return times.iteration_us.empty() ? 0 : mk::microbench::median(times.iteration_us);
    };
    return (iteration_us(kMany) - iteration_us(kFew)) / (kMany - kFew);
  };
  const double more = workers / kLanes - workers / 4 / kLanes;
  const double store = (row_us(1) - row_us(4)) / more;
  if (store > 0) results.add(lab, "begin_store", "us", {store});
}

}  // namespace

void measure_runs(Lab& lab, Results& results) {
  measure_split(lab, results, PolicyKind::kStatic, {lab.sms(), 0});
  for (const PolicyKind policy : {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid}) {
    measure_split(lab, results, policy, {lab.sms() - 4, 16});
    measure_split(lab, results, policy, {lab.sms() - 1, 4});
    measure_split(lab, results, policy, {lab.sms(), 0});
  }
  measure_begin_store(lab, results);
}

}  // namespace mk::cuda::microbench
