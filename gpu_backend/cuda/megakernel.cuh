// The persistent kernel: one block an SM, worker blocks first, then blocks of up to four scheduler
// warps, whose lanes dispatch together. With PeerMegakernelArgs it is one of several, each on a GPU
// of its own (protocol/peers.h).
//
// A worker block is Shape::kWarps compute warps, which run bodies, and one control warp, whose
// first lane is the worker of the protocol (protocol/worker.h). The two sides talk through a
// mailbox in shared memory (mailbox_protocol.h). So the protocol's loops stay those of a single
// thread, and its waits never stop a warp that computes.
#pragma once

#include <cstdint>
#include <new>
#include <type_traits>

#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/descriptor_slots.h"
#include "gpu_backend/cuda/device_block.cuh"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/mailbox_protocol.h"
#include "gpu_backend/cuda/named_barrier.cuh"
#include "gpu_backend/cuda/warp_team.cuh"
#include "gpu_backend/protocol/scheduler.h"
#include "gpu_backend/protocol/worker.h"

namespace mk::cuda {

enum class Command : std::uint32_t { kRun, kExit };

// What of a task is requested before its event.
enum class Preload : std::uint32_t { kNothing, kAtOnce, kInTurn };

struct alignas(128) TaskBox {
  TaskDescriptor task{};
  Step step{};
  Command command = Command::kRun;
  Preload preload = Preload::kNothing;
  std::uint32_t following = kSlots;  // slot of the task after a preloaded one; kSlots: not known
  InputState input{};
};

// In shared memory, in front of SharedMemory<Shape>.
struct alignas(128) Mailbox {
  TaskBox boxes[2]{};
  TaskDescriptor slots[kSlots]{};
  MailboxBarriers barriers;
};

// Copies descriptors into the mailbox's slots, by the control thread.
class DescriptorCopies {
 public:
  __device__ DescriptorCopies(const TaskDescriptor* all, Mailbox& box) : all_(all), box_(box) {}

  __device__ void begin(std::uint32_t slot, std::uint32_t task) {
    const auto* const from = reinterpret_cast<const unsigned char*>(all_ + task);
    const std::uint32_t to = shared_address(&box_.slots[slot]);
#pragma unroll
    for (std::uint32_t i = 0; i < sizeof(TaskDescriptor); i += 16) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to + i), "l"(from + i)
                   : "memory");
    }
  }
  __device__ static void land() { asm volatile("cp.async.wait_all;" ::: "memory"); }

 private:
  const TaskDescriptor* all_;
  Mailbox& box_;
};

// What of the next task was begun, and waits for its input. A task without a body is never posted.
enum class Coming : std::uint32_t { kNothing, kEmpty, kPosted };

// The program of the protocol, for the control thread of a worker block.
class WorkerProgram {
 public:
  __device__ WorkerProgram(const MegakernelArgs& args, Mailbox& box)
      : args_(args),
        box_(box),
        mailbox_(box.barriers.go, box.barriers.input, box.barriers.done),
        slots_({args.descriptors, box}) {}

  // The task will be waited for, and begins now, as far as it can without its input. Behind one
  // that runs its command is there once that is done: the compute warps go on to it at once, and
  // the memory has something to do while this thread notifies and waits. One that runs at once asks
  // for its weights itself, after its inputs.
  __device__ void foresee(const protocol::Foresight& sight) {
    const std::uint32_t slot = slots_.foresee(sight.task.id, sight.next);
    Preload wanted = sight.is_behind ? Preload::kInTurn : Preload::kAtOnce;
    if (sight.is_active || args_.preloads == 0) wanted = Preload::kNothing;
    begin(sight.task, slot, slots_.next_slot(), wanted);
  }

  // Their descriptors come while the worker finds out what to run.
  __device__ void fetched(const protocol::InHand& batch) {
    const std::uint32_t size = batch.size() < kSlots - 2 ? batch.size() : kSlots - 2;
    for (std::uint32_t k = 0; k < size; ++k) slots_.fetch(batch[k]);
  }

  __device__ void start(std::uint32_t task, std::uint32_t iteration) {
    if (coming_ == Coming::kNothing) {
      begin({task, iteration}, slots_.fetch(task), kSlots, Preload::kNothing);
    }
    runs_ = coming_ == Coming::kPosted;
    coming_ = Coming::kNothing;
    if (runs_) give_input();
  }

  __device__ void comes(std::uint32_t task) { slots_.fetch_coming(task); }

  __device__ void execute(std::uint32_t /*worker*/, std::uint32_t /*task*/,
                          std::uint32_t /*iteration*/) {
    if (runs_) mailbox_.await_done();
  }

  __device__ bool prepare(std::uint32_t iteration) { return args_.decode.prepare(iteration); }

  // After an abort a task may have begun that has no input.
  __device__ void finish() {
    if (coming_ == Coming::kPosted) {
      begun_box().input.is_cancelled = 1;
      give_input();
      mailbox_.await_done();
    }
    post(Command::kExit);
  }

 private:
  __device__ void post(Command command) {
    box_.boxes[mailbox_.next_box()].command = command;
    mailbox_.post();
  }
  // In two halves: as a whole it would take 32 of the 64 registers that the protocol has.
  __device__ static void copy_descriptor(TaskDescriptor& to, const TaskDescriptor& from) {
    auto* const words = reinterpret_cast<Words4*>(&to);
#pragma unroll 4
    for (std::uint32_t i = 0; i < sizeof(TaskDescriptor) / sizeof(Words4); ++i) {
      words[i] = load_as<Words4>(reinterpret_cast<const Words4*>(&from) + i);
    }
  }

  // Of the command that was posted last.
  __device__ TaskBox& begun_box() { return box_.boxes[mailbox_.next_box() ^ 1U]; }
  __device__ void give_input() {
    begun_box().input.announce();
    mailbox_.give_input();
  }

  // Lets the task begin, as far as it can without its input.
  __device__ void begin(const protocol::Item& item, std::uint32_t slot, std::uint32_t following,
                        Preload preload) {
    slots_.land();
    coming_ = Coming::kEmpty;
    TaskBox& box = box_.boxes[mailbox_.next_box()];
    copy_descriptor(box.task, box_.slots[slot]);
    if (box.task.kind == TaskKind::kEmpty) return;
    box.step = step_of(step(item.iteration), box.task.request);
    box.following = following;
    box.input = {0, mailbox_.next_box(), &box_.barriers.input};
    box.preload = preload;
    post(Command::kRun);
    coming_ = Coming::kPosted;
  }

  __device__ const StepRow& step(std::uint32_t iteration) {
    if (iteration != iteration_) {
      iteration_ = iteration;
      step_ = args_.decode.steps[iteration];
    }
    return step_;
  }

  const MegakernelArgs& args_;
  Mailbox& box_;
  MailboxWriter<GoBarrier, InputBarrier, DoneBarrier> mailbox_;
  DescriptorSlots<DescriptorCopies> slots_;
  Coming coming_ = Coming::kNothing;
  bool runs_ = false;  // the task in hand has a body
  std::uint32_t iteration_ = 0xffffffffU;
  StepRow step_{};
};

// The same on one of several devices.
class PeerWorkerProgram : public WorkerProgram {
 public:
  __device__ PeerWorkerProgram(const PeerMegakernelArgs& args, Mailbox& box)
      : WorkerProgram(args, box), peers_(args.peers) {}
  __device__ const protocol::Peers<DeviceMemory>& peers() const { return peers_; }

 private:
  const protocol::Peers<DeviceMemory>& peers_;
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

class PeerSchedulerProgram : public SchedulerProgram {
 public:
  __device__ explicit PeerSchedulerProgram(const PeerMegakernelArgs& args)
      : SchedulerProgram(args), peers_(args.peers) {}
  __device__ const protocol::Peers<DeviceMemory>& peers() const { return peers_; }

 private:
  const protocol::Peers<DeviceMemory>& peers_;
};

// The programs of a kernel with these arguments.
template <class Args>
struct Programs {
  using Worker = WorkerProgram;
  using Scheduler = SchedulerProgram;
};
template <>
struct Programs<PeerMegakernelArgs> {
  using Worker = PeerWorkerProgram;
  using Scheduler = PeerSchedulerProgram;
};

// What the control thread works with. In shared memory, not on its stack: that would be local
// memory, which every acquire throws out of the cache.
template <bool kRecords, class Args>
struct ControlObjects {
  using Program = typename Programs<Args>::Worker;
  using Agent = protocol::Agent<DeviceMemory, Program, DeviceProbe<kRecords>>;
  using Queues = protocol::QueueWorker<DeviceMemory, Program, DeviceProbe<kRecords>>;

  __device__ ControlObjects(const Args& args, Mailbox& box, std::uint32_t worker)
      : probe(args.lane_rows + worker, args.iterations, args.window),
        program(args, box),
        agent(args.launch, worker, program, probe),
        queues(agent, worker) {}

  DeviceProbe<kRecords> probe;
  Program program;
  Agent agent;
  Queues queues;
};

// The kernel's arguments, in shared memory too: read through a reference where they came in, each
// look after an acquire would be a trip to L2.
template <class Args>
struct alignas(16) SharedArgs {
  static constexpr std::uint32_t kWords = sizeof(Args) / 4;
  std::uint32_t words[kWords];

  __device__ const Args& get() const { return *reinterpret_cast<const Args*>(words); }
  // By one thread, once all is set: where the peers are is looked up in shared memory, too.
  __device__ void link() {
    if constexpr (std::is_same_v<Args, PeerMegakernelArgs>) {
      auto& args = *reinterpret_cast<PeerMegakernelArgs*>(words);
      args.peers.of_device = args.of_device;
    }
  }
  // By `threads` threads, of which this one is `thread`. Word by word: a copy as a whole would go
  // over the stack.
  __device__ void set(const Args& args, std::uint32_t thread, std::uint32_t threads) {
    const auto* const from = reinterpret_cast<const std::uint32_t*>(&args);
    for (std::uint32_t i = thread; i < kWords; i += threads) words[i] = from[i];
  }
};

// What a compute thread keeps from command to command.
struct ComputeThread {
  WarpStream stream;
  MailboxReader mailbox;
};

template <class Shape>
struct WorkerShared {
  Mailbox box;
  ComputeThread threads[Shape::kThreads];
  SharedArgs<PeerMegakernelArgs> args;  // or SharedArgs<MegakernelArgs>, which are a part of it
  alignas(16) unsigned char control[sizeof(ControlObjects<true, PeerMegakernelArgs>)];
  alignas(128) unsigned char compute[1];  // SharedMemory<Shape>

  // All of a worker block's shared memory, for that much work area.
  static constexpr std::size_t bytes(std::size_t work_bytes) {
    return offsetof(WorkerShared, compute) + SharedMemory<Shape>::kFixedBytes + work_bytes;
  }
};

// The three loops are functions of their own: the compiler then allocates registers for each, in a
// quarter of the time.
// Nothing of one command stays in registers until the next one: a body may need them all.
template <class Shape>
__device__ __noinline__ void compute_loop(WorkerShared<Shape>& shared, std::uint32_t work_bytes) {
  Mailbox& box = shared.box;
  ComputeThread& own = *new (&shared.threads[threadIdx.x]) ComputeThread;
  for (;;) {
    const TaskBox& given = box.boxes[own.mailbox.await_command(box.barriers.go)];
    DeviceBlock<Shape, true> block(shared.compute, work_bytes);
    block.look_at_input(&given.input);
    if (given.command == Command::kExit) break;
    if (given.preload != Preload::kNothing) {
      preload_task<Shape>(block, own.stream, given.task,
                          given.following < kSlots ? &box.slots[given.following] : nullptr,
                          given.step, given.preload == Preload::kInTurn);
    }
    run_body<Shape>(block, own.stream, given.task, given.step);
    publish_used<Shape>(block, own.stream);
    __syncwarp();
    own.mailbox.finish(box.barriers.done);
  }
  // What was preloaded and never used must land before the block's memory goes.
  DeviceBlock<Shape> block(shared.compute, work_bytes);
  for (WarpStream left = own.stream; left.used < left.requested; ++left.used) {
    block.wait(&shared_of<Shape>(block).full[block.warp()][left.used % Shape::kStages],
               left.used / Shape::kStages & 1U);
  }
}

template <class Shape, bool kRecords, class Args>
__device__ __noinline__ void control_loop(const Args& given, WorkerShared<Shape>& shared,
                                          std::uint32_t worker) {
  auto& own = reinterpret_cast<SharedArgs<Args>&>(shared.args);
  own.set(given, 0, 1);
  own.link();
  const Args& args = own.get();
  auto* const control =
      new (shared.control) ControlObjects<kRecords, Args>(args, shared.box, worker);
  args.sm_of_lane[worker] = sm_number();
  if (worker == 0) protocol::start_run(control->agent);
  if (args.launch.policy.kind == PolicyKind::kStatic) {
    protocol::run_static_worker(control->agent, worker);
  } else {
    control->queues.run();
  }
  control->program.finish();
  control->probe.flush();
}

template <bool kRecords, class Args>
__device__ __noinline__ void scheduler_warp(const Args& args, std::uint32_t scheduler) {
  const Roles& roles = args.launch.roles;
  const WarpTeam team;
  DeviceProbe<kRecords> probe(args.lane_rows + scheduler_rows(roles, scheduler) + team.lane(),
                              args.iterations, args.window);
  typename Programs<Args>::Scheduler program(args);
  if (team.lane() == 0) args.sm_of_lane[roles.workers + scheduler] = sm_number();
  protocol::scheduler_loop(args.launch, scheduler, program, probe, team);
  probe.flush();
}

template <bool kRecords, class Args>
__device__ void scheduler_block(const Args& args, unsigned char* raw) {
  auto& shared = *reinterpret_cast<SharedArgs<Args>*>(raw);
  shared.set(args, threadIdx.x, blockDim.x);
  __syncthreads();
  if (threadIdx.x == 0) shared.link();
  __syncthreads();
  const std::uint32_t block = blockIdx.x - args.launch.roles.workers;
  const std::uint32_t scheduler = block * kSchedulersPerBlock + threadIdx.x / 32;
  if (threadIdx.x / 32 < kSchedulersPerBlock && scheduler < args.launch.roles.schedulers) {
    scheduler_warp<kRecords>(shared.get(), scheduler);
  }
}

template <class Shape, bool kRecords, class Args = MegakernelArgs>
__global__ void __launch_bounds__(Shape::kThreads + 32, 1)
    megakernel(const __grid_constant__ Args args) {
  extern __shared__ __align__(128) unsigned char raw[];
  const std::uint32_t workers = args.launch.roles.workers;
  if (blockIdx.x >= workers) return scheduler_block<kRecords>(args, raw);
  auto& shared = *reinterpret_cast<WorkerShared<Shape>*>(raw);
  if (threadIdx.x == 0) {
    DeviceBlock<Shape> block(shared.compute, args.work_bytes);
    init_shared_alone<Shape>(block);
    shared.box.barriers.init();
  }
  __syncthreads();
  if (threadIdx.x < Shape::kThreads) {
    compute_loop<Shape>(shared, args.work_bytes);
  } else if (threadIdx.x == Shape::kThreads) {
    control_loop<Shape, kRecords>(args, shared, blockIdx.x);
  }
}

}  // namespace mk::cuda
