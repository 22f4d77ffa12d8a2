// The persistent kernel: one block an SM, worker blocks first, then blocks of up to four scheduler
// warps.
//
// A worker block is Shape::kWarps compute warps, which run bodies, and one control warp, whose
// first lane is the worker of the protocol (protocol/worker.h). The two sides talk through a
// mailbox in shared memory and two mbarriers: `go` (control: there is a command) and `done`
// (compute: it is carried out). So the protocol's loops stay those of a single thread, and its
// waits never stop a warp that computes.
#pragma once

#include <cstdint>
#include <new>

#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/device_block.cuh"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/protocol/scheduler.h"
#include "gpu_backend/protocol/worker.h"

namespace mk::cuda {

enum class Command : std::uint32_t { kRun, kPreload, kExit };

// Descriptors that a worker block has in shared memory: the task in hand and the two after it.
inline constexpr std::uint32_t kSlots = 3;

// In shared memory, in front of SharedMemory<Shape>.
struct alignas(128) Mailbox {
  TaskDescriptor task{};  // that is to run: at a fixed place, its address costs no register
  TaskDescriptor slots[kSlots]{};
  Step step{};
  Command command = Command::kRun;
  std::uint32_t slot = 0;            // of a task that is to be preloaded
  std::uint32_t following = kSlots;  // of the task after a preloaded one; kSlots: not known
  std::uint64_t go = 0;              // phases: control has written a command
  std::uint64_t done = 0;            // phases: every compute warp has carried it out
};

// The control side of a worker's mailbox.
class MailboxWriter {
 public:
  __device__ explicit MailboxWriter(Mailbox& box) : box_(box) {}

  // Carries out whatever was posted before; then the box may be written.
  __device__ void await_done() {
    if (posted_ == done_) return;
    while (!barrier_test(&box_.done, done_ & 1U)) {
    }
    ++done_;
  }
  __device__ void post(Command command) {
    box_.command = command;
    ++posted_;
    barrier_arrive(&box_.go);
  }
  __device__ Mailbox& box() { return box_; }

 private:
  Mailbox& box_;
  std::uint32_t posted_ = 0;
  std::uint32_t done_ = 0;
};

// The descriptors in the mailbox's slots, copied there asynchronously by the control thread.
class DescriptorSlots {
 public:
  __device__ DescriptorSlots(const TaskDescriptor* all, Mailbox& box) : all_(all), box_(box) {}

  // The slot of the task; its copy is at least begun. `busy` are slots that must stay as they are.
  __device__ std::uint32_t fetch(std::uint32_t task, std::uint32_t busy = kSlots,
                                 std::uint32_t busy_too = kSlots) {
    for (std::uint32_t s = 0; s < kSlots; ++s) {
      if (task_[s] == task) return s;
    }
    while (turn_ == busy || turn_ == busy_too) advance();
    const std::uint32_t slot = turn_;
    advance();
    task_[slot] = task;
    const auto* const from = reinterpret_cast<const unsigned char*>(all_ + task);
    const std::uint32_t to = shared_address(&box_.slots[slot]);
#pragma unroll
    for (std::uint32_t i = 0; i < sizeof(TaskDescriptor); i += 16) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to + i), "l"(from + i)
                   : "memory");
    }
    return slot;
  }
  // All copies have landed.
  __device__ static void land() { asm volatile("cp.async.wait_all;" ::: "memory"); }

 private:
  __device__ void advance() { turn_ = turn_ + 1 == kSlots ? 0 : turn_ + 1; }

  const TaskDescriptor* all_;
  Mailbox& box_;
  std::uint32_t task_[kSlots] = {protocol::kNoTask, protocol::kNoTask, protocol::kNoTask};
  std::uint32_t turn_ = 0;
};

// The program of the protocol, for the control thread of a worker block.
class WorkerProgram {
 public:
  __device__ WorkerProgram(const MegakernelArgs& args, Mailbox& box)
      : args_(args), mailbox_(box), slots_(args.descriptors, box) {}

  // The task will be waited for: what needs no event is requested now. Not before: requests in
  // flight hold up the release of the task before (seen on an H100: 5 us instead of 0.8).
  __device__ void foresee(const protocol::Foresight& sight) {
    after_ = sight.after;
    slot_ = slots_.fetch(sight.task.id);
    next_slot_ = sight.next == protocol::kNoTask ? kSlots : slots_.fetch(sight.next, slot_);
    slots_.land();
    if (args_.preloads == 0) return;
    command(slot_, sight.task.iteration);
    mailbox_.box().following = next_slot_;
    mailbox_.post(Command::kPreload);
  }

  __device__ void execute(std::uint32_t /*worker*/, std::uint32_t task, std::uint32_t iteration) {
    mailbox_.await_done();
    const std::uint32_t slot = slots_.fetch(task);
    slots_.land();
    const bool is_empty = mailbox_.box().slots[slot].kind == TaskKind::kEmpty;
    if (!is_empty) {
      mailbox_.box().task = mailbox_.box().slots[slot];
      command(slot, iteration);
      mailbox_.post(Command::kRun);
    }
    // Comes while the task runs.
    if (after_ != protocol::kNoTask) slots_.fetch(after_, slot, next_slot_);
    after_ = protocol::kNoTask;
    mailbox_.await_done();
  }

  __device__ bool prepare(std::uint32_t iteration) { return args_.decode.prepare(iteration); }

  __device__ void finish() {
    mailbox_.await_done();
    mailbox_.post(Command::kExit);
  }

 private:
  __device__ void command(std::uint32_t slot, std::uint32_t iteration) {
    Mailbox& box = mailbox_.box();
    box.slot = slot;
    box.step = step_of(step(iteration), box.slots[slot].request);
  }

  __device__ const StepRow& step(std::uint32_t iteration) {
    if (iteration != iteration_) {
      iteration_ = iteration;
      step_ = args_.decode.steps[iteration];
    }
    return step_;
  }

  const MegakernelArgs& args_;
  MailboxWriter mailbox_;
  DescriptorSlots slots_;
  std::uint32_t slot_ = kSlots;       // of the task foreseen last
  std::uint32_t next_slot_ = kSlots;  // of the one after it; kSlots: not known
  std::uint32_t after_ = protocol::kNoTask;
  std::uint32_t iteration_ = 0xffffffffU;
  StepRow step_{};
};

// The program of the protocol, for schedulers: they never execute.
class SchedulerProgram {
 public:
  __device__ explicit SchedulerProgram(const MegakernelArgs& args) : args_(args) {}
  __device__ void execute(std::uint32_t, std::uint32_t, std::uint32_t) {}
  __device__ bool prepare(std::uint32_t iteration) { return args_.decode.prepare(iteration); }

 private:
  const MegakernelArgs& args_;
};

// What the control thread works with. In shared memory, not on its stack: that would be local
// memory, which every acquire throws out of the cache.
template <bool kRecords>
struct ControlObjects {
  using Agent = protocol::Agent<DeviceMemory, WorkerProgram, DeviceProbe<kRecords>>;
  using Queues = protocol::QueueWorker<DeviceMemory, WorkerProgram, DeviceProbe<kRecords>>;

  __device__ ControlObjects(const MegakernelArgs& args, Mailbox& box, std::uint32_t worker)
      : probe(args.lane_rows + worker, args.iterations, args.window),
        program(args, box),
        agent(args.launch, worker, program, probe),
        queues(agent, worker) {}

  DeviceProbe<kRecords> probe;
  WorkerProgram program;
  Agent agent;
  Queues queues;
};

template <class Shape>
struct WorkerShared {
  Mailbox box;
  alignas(16) unsigned char control[sizeof(ControlObjects<true>)];
  alignas(128) unsigned char compute[1];  // SharedMemory<Shape>

  // All of a worker block's shared memory, for that much work area.
  static constexpr std::size_t bytes(std::size_t work_bytes) {
    return offsetof(WorkerShared, compute) + SharedMemory<Shape>::kFixedBytes + work_bytes;
  }
};

// The three loops are functions of their own: the compiler then allocates registers for each, in a
// quarter of the time.
template <class Shape>
__device__ __noinline__ void compute_loop(WorkerShared<Shape>& shared, std::uint32_t work_bytes) {
  DeviceBlock<Shape> block(shared.compute, work_bytes);
  WarpStream stream;
  Mailbox& box = shared.box;
  for (std::uint32_t turn = 0;; ++turn) {
    while (!barrier_test(&box.go, turn & 1U)) {
    }
    const Command command = box.command;
    if (command == Command::kExit) break;
    if (command == Command::kRun) {
      run_body<Shape>(block, stream, box.task, box.step);
    } else {
      preload_task<Shape>(block, stream, box.slots[box.slot],
                          box.following < kSlots ? &box.slots[box.following] : nullptr, box.step);
    }
    __syncwarp();
    if (block.lane() == 0) barrier_arrive(&box.done);
  }
  // What was preloaded and never used must land before the block's memory goes.
  for (; stream.used < stream.requested; ++stream.used) {
    block.wait(&shared_of<Shape>(block).full[block.warp()][stream.used % Shape::kStages],
               stream.used / Shape::kStages & 1U);
  }
}

template <class Shape, bool kRecords>
__device__ __noinline__ void control_loop(const MegakernelArgs& args, WorkerShared<Shape>& shared,
                                          std::uint32_t worker) {
  auto* const control = new (shared.control) ControlObjects<kRecords>(args, shared.box, worker);
  args.sm_of_lane[worker] = sm_number();
  if (worker == 0) protocol::start_run(args.launch, control->program, control->probe);
  if (args.launch.policy.kind == PolicyKind::kStatic) {
    protocol::run_static_worker(control->agent, worker);
  } else {
    control->queues.run();
  }
  control->program.finish();
  control->probe.flush();
}

template <bool kRecords>
__device__ __noinline__ void scheduler_warp(const MegakernelArgs& args, std::uint32_t scheduler) {
  const std::uint32_t lane = args.launch.roles.workers + scheduler;
  DeviceProbe<kRecords> probe(args.lane_rows + lane, args.iterations, args.window);
  SchedulerProgram program(args);
  args.sm_of_lane[lane] = sm_number();
  protocol::scheduler_loop(args.launch, scheduler, program, probe);
  probe.flush();
}

template <class Shape, bool kRecords>
__global__ void __launch_bounds__(Shape::kThreads + 32, 1)
    megakernel(const __grid_constant__ MegakernelArgs args) {
  extern __shared__ __align__(128) unsigned char raw[];
  const std::uint32_t workers = args.launch.roles.workers;
  if (blockIdx.x >= workers) {
    const std::uint32_t scheduler = (blockIdx.x - workers) * kSchedulersPerBlock + threadIdx.x / 32;
    if (threadIdx.x % 32 == 0 && threadIdx.x / 32 < kSchedulersPerBlock &&
        scheduler < args.launch.roles.schedulers) {
      scheduler_warp<kRecords>(args, scheduler);
    }
    return;
  }
  auto& shared = *reinterpret_cast<WorkerShared<Shape>*>(raw);
  if (threadIdx.x == 0) {
    barrier_init(&shared.box.go, 1);
    barrier_init(&shared.box.done, Shape::kWarps);
    DeviceBlock<Shape> block(shared.compute, args.work_bytes);
    for (std::uint32_t i = 0; i < Shape::kWarps * Shape::kStages; ++i) {
      block.init_barrier(&shared_of<Shape>(block).full[i / Shape::kStages][i % Shape::kStages]);
    }
    block.publish_barriers();
  }
  __syncthreads();
  if (threadIdx.x < Shape::kThreads) {
    compute_loop<Shape>(shared, args.work_bytes);
  } else if (threadIdx.x == Shape::kThreads) {
    control_loop<Shape, kRecords>(args, shared, blockIdx.x);
  }
}

}  // namespace mk::cuda
