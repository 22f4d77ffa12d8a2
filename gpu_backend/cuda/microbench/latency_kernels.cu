// Kernels for clocks, hand-offs, atomic additions and single accesses.
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/mailbox_protocol.h"
#include "gpu_backend/cuda/microbench/device_side.cuh"
#include "gpu_backend/cuda/named_barrier.cuh"

namespace mk::cuda::microbench {
namespace {

constexpr std::uint32_t kWarmUp = 16;  // rounds before the time is taken

__global__ void clock_kernel(const __grid_constant__ ClockArgs args) {
  Stopwatch watch;
  watch.start();
  const std::uint64_t begin = global_time();
  std::uint64_t before = begin;
  std::uint64_t step = ~std::uint64_t{0};
  while (before - begin < args.run_ns) {
    const std::uint64_t now = global_time();
    if (now > before && now - before < step) step = now - before;
    before = now;
  }
  args.rows[blockIdx.x] = {sm_number(), static_cast<std::uint32_t>(step), watch.stop()};
}

// The time that block `other` says it is, asked by block 0.
__device__ bool ask(const OffsetArgs& args, std::uint32_t other, std::uint32_t round,
                    OffsetRow& best) {
  WideWord& answer = args.answers[other * kLineWords];
  const std::uint64_t asked = global_time();
  DeviceMemory::store_release(args.questions[other * kLineWords], std::uint64_t{round});
  std::uint64_t said = 0;
  std::uint64_t last = 0;
  if (!await(args.guard, 0, [&] {
        said = DeviceMemory::load_acquire(answer);
        last = global_time();
        return said != 0;
      })) {
    return false;
  }
  DeviceMemory::store_release(answer, std::uint64_t{0});
  const auto taken = static_cast<std::uint32_t>(last - asked);
  if (taken < best.round_ns) {
    best.round_ns = taken;
    best.offset_ns = static_cast<std::int32_t>(static_cast<std::int64_t>(said - asked)) -
                     static_cast<std::int32_t>(taken / 2);
  }
  return true;
}

__global__ void offset_kernel(const __grid_constant__ OffsetArgs args) {
  const std::uint32_t self = blockIdx.x;
  if (self != 0) {
    args.rows[self].sm = sm_number();
    for (std::uint32_t round = 1; round <= args.rounds; ++round) {
      const WideWord& question = args.questions[self * kLineWords];
      if (!await(args.guard, 0, [&] { return DeviceMemory::load_acquire(question) == round; })) {
        return;
      }
      DeviceMemory::store_release(args.answers[self * kLineWords], global_time());
    }
    return;
  }
  args.rows[0] = {sm_number(), 0, 0};
  for (std::uint32_t other = 1; other < gridDim.x; ++other) {
    OffsetRow best{0, 0, 0xffffffffU};
    for (std::uint32_t round = 1; round <= args.rounds; ++round) {
      if (!ask(args, other, round, best)) return;
    }
    args.rows[other].offset_ns = best.offset_ns;
    args.rows[other].round_ns = best.round_ns;
  }
}

__device__ __forceinline__ void raise(const PassArgs& args, std::uint32_t side,
                                      std::uint32_t round) {
  if (args.with_data != 0) {
    args.data[side * blockDim.x + threadIdx.x] = static_cast<float>(round);
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  if (args.by_add != 0) {
    DeviceMemory::add_acq_rel(args.flags[side * kLineWords], 1U);
  } else {
    DeviceMemory::store_release(args.flags[side * kLineWords], round);
  }
}

__device__ __forceinline__ bool receive(const PassArgs& args, std::uint32_t side,
                                        std::uint32_t round) {
  bool is_late = false;
  if (threadIdx.x == 0) {
    const Word& flag = args.flags[side * kLineWords];
    is_late = !await(args.guard, args.sleep_ns,
                     [&] { return DeviceMemory::load_relaxed(flag) >= round; });
    DeviceMemory::load_acquire(flag);
  }
  if (args.with_data == 0) return !is_late;
  if (__syncthreads_or(is_late)) return false;
  if (args.data[side * blockDim.x + threadIdx.x] != static_cast<float>(round)) {
    DeviceMemory::add_relaxed(*args.wrong, 1U);
  }
  __syncthreads();
  return true;
}

__global__ void pass_kernel(const __grid_constant__ PassArgs args) {
  const bool is_first = blockIdx.x == args.first;
  if (!is_first && blockIdx.x != args.partner) return;
  if (args.with_data == 0 && threadIdx.x != 0) return;
  Stopwatch watch;
  for (std::uint32_t round = 1; round <= args.rounds + kWarmUp; ++round) {
    if (round == kWarmUp + 1) watch.start();
    if (is_first) raise(args, 0, round);
    if (!receive(args, is_first ? 1 : 0, round)) return;
    if (!is_first) raise(args, 1, round);
  }
  if (is_first && threadIdx.x == 0) *args.span = watch.stop();
}

__global__ void add_kernel(const __grid_constant__ AddArgs args) {
  if (blockIdx.x >= args.producers) return;
  if (!meet(args.guard, args.ready, args.producers)) return;
  Stopwatch watch;
  watch.start();
  std::uint32_t one = 1;
  for (std::uint32_t i = 0; i < args.adds; ++i) {
    // The next addend depends on the answer: one addition at a time.
    one = DeviceMemory::add_acq_rel(*args.counter, one) == 0xffffffffU ? 2 : 1;
  }
  args.spans[blockIdx.x] = watch.stop();
}

__global__ void notify_kernel(const __grid_constant__ NotifyArgs args) {
  Stopwatch watch;
  watch.start();
  std::uint64_t cycles = 0;
  for (std::uint32_t round = 0; round < args.rounds; ++round) {
    if (args.stores != 0) args.data[threadIdx.x] = static_cast<float>(round);
    __syncthreads();
    if (threadIdx.x == 0) {
      const std::uint64_t before = sm_clock();
      const std::uint32_t answer = DeviceMemory::add_acq_rel(*args.counter, 1U);
      if (answer == 0xffffffffU) cycles += 1;  // waits for the answer
      cycles += sm_clock() - before;
    }
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  *args.cycles = cycles;
  *args.span = watch.stop();
}

__global__ void poll_kernel(const __grid_constant__ PollArgs args) {
  Stopwatch watch;
  watch.start();
  for (std::uint32_t turn = 0; turn < args.turns; ++turn) {
    if (DeviceMemory::load_relaxed(*args.word) != 0) break;
    if (args.sleep_ns != 0) __nanosleep(args.sleep_ns);
  }
  *args.span = watch.stop();
}

__device__ void carry_out(MailboxBarriers& box, std::uint32_t rounds) {
  MailboxReader mailbox;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    box.input.meet(mailbox.await_command(box.go));
    mailbox.finish(box.done);
  }
}

__device__ void command(const MailboxArgs& args, MailboxBarriers& box) {
  MailboxWriter mailbox(box.go, box.input, box.done);
  Stopwatch watch;
  mailbox.post();
  watch.start();
  for (std::uint32_t round = 0; round < args.rounds; ++round) {
    mailbox.give_input();
    if (round + 1 < args.rounds) mailbox.post();
    mailbox.await_done();
  }
  *args.span = watch.stop();
}

__global__ void mailbox_kernel(const __grid_constant__ MailboxArgs args) {
  __shared__ MailboxBarriers box;
  if (threadIdx.x == 0) box.init();
  __syncthreads();
  if (threadIdx.x < DeviceShape::kThreads) {
    carry_out(box, args.rounds);
  } else if (threadIdx.x == DeviceShape::kThreads) {
    command(args, box);
  }
}

__global__ void chase_kernel(const __grid_constant__ ChaseArgs args) {
  std::uint32_t at = args.start;
  Stopwatch watch;
  watch.start();
  for (std::uint32_t step = 0; step < args.steps; ++step) {
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(at) : "l"(args.next + at) : "memory");
  }
  *args.span = watch.stop();
  *args.last = at;
}

__global__ void line_kernel(const __grid_constant__ LineArgs args) {
  if (blockIdx.x != args.block) return;
  Stopwatch watch;
  watch.start();
  std::uint32_t zero = 0;
  for (std::uint32_t line = 0; line < args.count; ++line) {
    const std::uint64_t before = sm_clock();
    zero += DeviceMemory::load_relaxed(args.lines[line * kLineWords + zero]);
    args.cycles[line] = static_cast<std::uint32_t>(sm_clock() + zero - before);  // has waited
  }
  *args.span = watch.stop();
}

}  // namespace

const void* clock_symbol() { return kernel_symbol(&clock_kernel); }
const void* offset_symbol() { return kernel_symbol(&offset_kernel); }
const void* pass_symbol() { return kernel_symbol(&pass_kernel); }
const void* add_symbol() { return kernel_symbol(&add_kernel); }
const void* notify_symbol() { return kernel_symbol(&notify_kernel); }
const void* poll_symbol() { return kernel_symbol(&poll_kernel); }
const void* mailbox_symbol() { return kernel_symbol(&mailbox_kernel); }
const void* chase_symbol() { return kernel_symbol(&chase_kernel); }
const void* line_symbol() { return kernel_symbol(&line_kernel); }

}  // namespace mk::cuda::microbench
