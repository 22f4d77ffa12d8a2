// HostMemory: the protocol's memory policy for host threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mk {

struct HostMemory {
  using Peer = HostMemory;  // devices are groups of threads
  template <typename T>
  using atom = std::atomic<T>;
  template <typename T>
  using plain = T;

  template <typename T>
  static T load_relaxed(const std::atomic<T>& cell) {
    return cell.load(std::memory_order_relaxed);
  }
  template <typename T>
  static T load_acquire(const std::atomic<T>& cell) {
    return cell.load(std::memory_order_acquire);
  }
  template <typename T>
  static void store_relaxed(std::atomic<T>& cell, T value) {
    cell.store(value, std::memory_order_relaxed);
  }
  template <typename T>
  static void store_release(std::atomic<T>& cell, T value) {
    cell.store(value, std::memory_order_release);
  }
  template <typename T>
  static T add_relaxed(std::atomic<T>& cell, T value) {
    return cell.fetch_add(value, std::memory_order_relaxed);
  }
  template <typename T>
  static T add_acq_rel(std::atomic<T>& cell, T value) {
    return cell.fetch_add(value, std::memory_order_acq_rel);
  }
  template <typename T>
  static void add_release(std::atomic<T>& cell, T value) {
    cell.fetch_add(value, std::memory_order_release);
  }
  template <typename T>
  static bool exchange_if(std::atomic<T>& cell, T expected, T desired) {
    return cell.compare_exchange_strong(expected, desired, std::memory_order_relaxed);
  }

  // Asks for the cell's line, which will be added to.
  template <typename T>
  static void ask_for(const std::atomic<T>& cell) {
    __builtin_prefetch(&cell, 1);
  }

  static void pause(std::uint32_t turn, std::uint32_t spin_turns) {
    if (turn >= spin_turns) {
      std::this_thread::yield();
    } else {
#if defined(__x86_64__)
      _mm_pause();
#endif
    }
  }

  static std::uint64_t clock_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
  }
};

}  // namespace mk
