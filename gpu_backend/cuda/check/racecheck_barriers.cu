// What racecheck makes of hardware's named barriers. A warp and one more thread hand a word of
// shared memory to each other through two barriers, round after round, as a worker block's mailbox
// does (gpu_backend/cuda/named_barrier.cuh). In one kernel the other side is a whole warp; in the
// other it is a warp's first lane, whose other lanes have ended, which counts as the whole warp.
// Both give the right sum; racecheck (CUDA 13.0, H100, 2026-11-27) reports eight hazards in each:
// it does not see what these barriers order.
//
//   ninja racecheck_barriers
//   compute-sanitizer --tool racecheck racecheck_barriers whole
//   compute-sanitizer --tool racecheck racecheck_barriers lane
#include <cstdint>
#include <cstdio>
#include <cstring>

constexpr std::uint32_t kRounds = 1000;

template <bool kWholeWarp>
__global__ void hand_over(std::uint32_t* sum) {
  __shared__ std::uint32_t word;
  if (threadIdx.x < 32) {
    std::uint32_t total = 0;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      asm volatile("barrier.cta.sync 2, 64;" ::: "memory");
      total += word;
      asm volatile("barrier.cta.arrive 3, 64;" ::: "memory");
    }
    if (threadIdx.x == 0) *sum = total;
  } else if (kWholeWarp || threadIdx.x == 32) {
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      if (threadIdx.x == 32) word = round;
      asm volatile("barrier.cta.arrive 2, 64;" ::: "memory");
      asm volatile("barrier.cta.sync 3, 64;" ::: "memory");
    }
  }
}

int main(int argc, char** argv) {
  const bool is_whole = argc > 1 && std::strcmp(argv[1], "whole") == 0;
  std::uint32_t* sum = nullptr;
  if (cudaMallocManaged(&sum, sizeof *sum) != cudaSuccess) return 1;
  if (is_whole) {
    hand_over<true><<<1, 64>>>(sum);
  } else {
    hand_over<false><<<1, 64>>>(sum);
  }
  if (cudaDeviceSynchronize() != cudaSuccess) return 1;
  std::printf("%s: sum %u, expected %u\n", is_whole ? "whole warp" : "one lane", *sum,
              kRounds * (kRounds - 1) / 2);
  return *sum == kRounds * (kRounds - 1) / 2 ? 0 : 1;
}
