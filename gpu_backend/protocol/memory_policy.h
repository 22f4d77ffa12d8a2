// MemoryPolicy: what the protocol's templates ask of memory, clock and threads.
//
// The protocol never names std::atomic: a policy M owns the cell types and the orders, so that the
// same source runs on host threads (host/host_memory.h), under the model checker Relacy
// (tests/gpu_backend/protocol) and on the device.
//
//   M::atom<T>                    a cell that several threads access; T is u32 or u64
//   M::plain<T>                   a cell that one thread at a time accesses: a race on it is a bug
//   load_relaxed, load_acquire    (const atom<T>&) -> T
//   store_relaxed, store_release  (atom<T>&, T)
//   add_relaxed, add_acq_rel      (atom<T>&, T) -> the value before
//   exchange_if                   (atom<T>&, T expected, T desired) -> did it hold `expected`;
//                                 relaxed
//   forget(value)                 optional: the compiler is to forget what it knows of the u32, so
//                                 that it keeps nothing in registers that it could compute again
//   pause(turn, spin_turns)       one turn of a waiting loop; past spin_turns it may give the core
//                                 away
//   add_release                   as add_acq_rel, but tells nothing and acquires nothing; of
//                                 M::Peer only
//   M::Peer                       the policy, on the same cells, for what several devices access
//                                 (peers.h); only where runs have several devices
//   clock_ns()                    monotone nanoseconds, for deadlines only: never decides placement
//
// Orders are device (process) scope. There is no stand-alone fence and no sequential consistency:
// neither is needed, ThreadSanitizer does not model the first and GPUs pay for both.
#pragma once

#include <concepts>
#include <cstdint>

namespace mk::protocol {

template <class M>
concept MemoryPolicy = requires(typename M::template atom<std::uint32_t>& cell,
                                typename M::template atom<std::uint64_t>& word, std::uint32_t n) {
  { M::load_relaxed(cell) } -> std::convertible_to<std::uint32_t>;
  { M::load_acquire(word) } -> std::convertible_to<std::uint64_t>;
  M::store_relaxed(word, std::uint64_t{});
  M::store_release(cell, n);
  { M::add_relaxed(cell, n) } -> std::convertible_to<std::uint32_t>;
  { M::add_acq_rel(cell, n) } -> std::convertible_to<std::uint32_t>;
  { M::exchange_if(word, std::uint64_t{}, std::uint64_t{}) } -> std::convertible_to<bool>;
  M::pause(n, n);
  { M::clock_ns() } -> std::convertible_to<std::uint64_t>;
};

}  // namespace mk::protocol
