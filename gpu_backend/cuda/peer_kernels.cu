// The kernels of peer_kernels.h.
#include "gpu_backend/cuda/peer_kernels.h"

namespace mk::cuda {
namespace {

constexpr std::uint64_t kPatienceNs = 1'000'000'000;

// By one thread: waits until the flag is no longer `old`; 0 iff it took too long.
__device__ std::uint64_t await_change(const DeviceCell<std::uint64_t>& flag, std::uint64_t old) {
  const std::uint64_t since = DeviceMemory::clock_ns();
  for (;;) {
    const std::uint64_t value = SystemMemory::load_acquire(flag);
    if (value != old) return value;
    if (DeviceMemory::clock_ns() - since > kPatienceNs) return 0;
  }
}

__device__ void put_words(const ExchangeArgs& args, std::uint32_t round) {
  for (std::uint32_t i = threadIdx.x; i < args.words; i += blockDim.x) args.peer_words[i] = round;
  __syncthreads();
}

__global__ void exchange_kernel(const __grid_constant__ ExchangeArgs args) {
  __shared__ std::uint64_t heard;
  std::uint64_t last = 0;  // what the own flag held before
  for (std::uint32_t round = 1; round <= args.rounds; ++round) {
    std::uint64_t begin = 0;
    if (args.asks != 0) {
      begin = DeviceMemory::clock_ns();
      put_words(args, round);
      if (threadIdx.x == 0) SystemMemory::store_release(*args.peer_flag, std::uint64_t{round});
    }
    if (threadIdx.x == 0) heard = await_change(*args.own_flag, last);
    __syncthreads();
    last = heard;
    const std::uint64_t now = DeviceMemory::clock_ns();
    if (last == 0) return;
    if (args.asks != 0) {
      if (threadIdx.x == 0) args.record[round - 1] = {begin, last, now};
    } else {
      // The answer is the instant at which the question was heard: never the same twice.
      put_words(args, round);
      if (threadIdx.x == 0) SystemMemory::store_release(*args.peer_flag, now);
    }
    __syncthreads();
  }
}

__global__ void peer_copy_kernel(const __grid_constant__ PeerCopyArgs args) {
  const auto* const from = reinterpret_cast<const uint4*>(args.from);
  auto* const to = reinterpret_cast<uint4*>(args.to);
  const std::uint64_t quads = args.bytes / sizeof(uint4);
  const std::uint64_t stride = std::uint64_t{gridDim.x} * blockDim.x;
  const std::uint64_t first = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  constexpr std::uint32_t kInFlight = 4;
  for (std::uint64_t i = first; i < quads; i += kInFlight * stride) {
    uint4 value[kInFlight];
#pragma unroll
    for (std::uint32_t k = 0; k < kInFlight; ++k) {
      if (i + k * stride < quads) value[k] = from[i + k * stride];
    }
#pragma unroll
    for (std::uint32_t k = 0; k < kInFlight; ++k) {
      if (i + k * stride < quads) to[i + k * stride] = value[k];
    }
  }
}

__global__ void put_storm_kernel(const __grid_constant__ PutStormArgs args) {
  std::uint32_t* const to = args.to + std::uint64_t{blockIdx.x} * args.words;
  for (std::uint32_t round = 1; round <= args.rounds; ++round) {
    for (std::uint32_t i = threadIdx.x; i < args.words; i += blockDim.x) to[i] = round;
    __syncthreads();
    if (threadIdx.x == 0) {
      SystemMemory::add_release(args.counters[blockIdx.x * args.counter_stride], 1U);
    }
    __syncthreads();
  }
}

}  // namespace

const void* exchange_symbol() { return reinterpret_cast<const void*>(&exchange_kernel); }
const void* peer_copy_symbol() { return reinterpret_cast<const void*>(&peer_copy_kernel); }
const void* put_storm_symbol() { return reinterpret_cast<const void*>(&put_storm_kernel); }

}  // namespace mk::cuda
