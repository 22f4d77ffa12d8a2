// RelacyMemory: the protocol's memory policy under Relacy, a checker that executes threads in many
// interleavings of the C++ memory model. Included after every standard header: it redefines new.
#pragma once

#include <cstdint>

#include "tests/gpu_backend/protocol/planted_bugs.h"

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free

namespace mk::protocol::testing {

template <PlantedBug kBug>
struct RelacyMemory {
  template <typename T>
  using atom = rl::atomic<T>;
  template <typename T>
  using plain = rl::var<T>;

  static constexpr std::uint32_t kLooksBeforeFull = 8;
  static constexpr rl::memory_order kStore =
      kBug == PlantedBug::kRelaxedStore ? rl::mo_relaxed : rl::mo_release;
  static constexpr rl::memory_order kLoad =
      kBug == PlantedBug::kRelaxedLoad ? rl::mo_relaxed : rl::mo_acquire;
  static constexpr rl::memory_order kArrive = kBug == PlantedBug::kRelaxedArrival ? rl::mo_relaxed
                                              : kBug == PlantedBug::kReleaseOnlyArrival
                                                  ? rl::mo_release
                                                  : rl::mo_acq_rel;

  template <typename T>
  static T load_relaxed(const rl::atomic<T>& cell) {
    return const_cast<rl::atomic<T>&>(cell)($).load(rl::mo_relaxed);
  }
  template <typename T>
  static T load_acquire(const rl::atomic<T>& cell) {
    return const_cast<rl::atomic<T>&>(cell)($).load(kLoad);
  }
  template <typename T>
  static void store_relaxed(rl::atomic<T>& cell, T value) {
    cell($).store(value, rl::mo_relaxed);
  }
  template <typename T>
  static void store_release(rl::atomic<T>& cell, T value) {
    cell($).store(value, kStore);
  }
  template <typename T>
  static T add_relaxed(rl::atomic<T>& cell, T value) {
    return cell($).fetch_add(value, rl::mo_relaxed);
  }
  template <typename T>
  static T add_acq_rel(rl::atomic<T>& cell, T value) {
    return cell($).fetch_add(value, kArrive);
  }
  template <typename T>
  static bool exchange_if(rl::atomic<T>& cell, T expected, T desired) {
    return cell($).compare_exchange_strong(expected, desired, rl::mo_relaxed);
  }
  static void pause(std::uint32_t, std::uint32_t) { rl::yield(1, $); }
  static std::uint64_t clock_ns() { return 0; }

  template <typename T>
  static T read(rl::var<T>& cell) {
    return cell($);
  }
  template <typename T>
  static void write(rl::var<T>& cell, T value) {
    cell($) = value;
  }
};

}  // namespace mk::protocol::testing
