// Kernels between two GPUs, without the protocol: what the links cost, and how far apart the clocks
// are. No CUDA syntax here; peer_kernels.cu has the kernels.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/peer_clock.h"
#include "gpu_backend/cuda/peer_memory.h"

namespace mk::cuda {

inline constexpr std::uint32_t kExchangeThreads = 128;

// Two blocks, one on each device: the asking one puts `words` into the other's memory and raises a
// flag behind them, the other one answers alike, `rounds` times. A side that hears nothing for a
// second ends; its rounds then stay 0.
struct ExchangeArgs {
  DeviceCell<std::uint64_t>* own_flag = nullptr;
  DeviceCell<std::uint64_t>* peer_flag = nullptr;
  std::uint32_t* peer_words = nullptr;
  std::uint32_t words = 0;
  std::uint32_t rounds = 0;
  std::uint32_t asks = 0;
  ExchangeRound* record = nullptr;  // [rounds], of the asking side
};

// to[0 .. bytes) = from[0 .. bytes), either of which may be a peer's: all threads, 16 bytes each.
struct PeerCopyArgs {
  const unsigned char* from = nullptr;
  unsigned char* to = nullptr;
  std::uint64_t bytes = 0;
};

// Every block puts `words` to its own place on the peer and notifies a counter there, `rounds`
// times: with `shared_counter` all the same one.
struct PutStormArgs {
  std::uint32_t* to = nullptr;  // [blocks, words]
  DeviceCell<std::uint32_t>* counters = nullptr;
  std::uint32_t counter_stride = 0;  // 0: one for all blocks
  std::uint32_t words = 0;
  std::uint32_t rounds = 0;
};

const void* exchange_symbol();
const void* peer_copy_symbol();
const void* put_storm_symbol();

}  // namespace mk::cuda
