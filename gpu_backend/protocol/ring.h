// Ring: a bounded queue of (task or event id, iteration) between threads, and its three ends.
//
// A slot is one atomic word that says by itself whether it is filled: lap number, iteration, id. So
// a consumer polls the very cache line that the item comes in, and never writes to a slot.
//   - A ring carries words and orders no memory: every access is relaxed. Who takes an item
//   acquires
//     the counter of the item's event (agent.h), which orders all that the item stands for. A
//     release a push would be a fence a push on a GPU, one after the other.
//   - One consumer a ring, which takes items in order. Its position says what producers may write
//     over: it is stored once the words up to it have been seen, and a word seen is a word out.
//   - Producers: either one (RingProducer, which shows several items at once), or any number
//     (push_shared, push_to_each, which take a slot by one atomic add).
//   - A full ring is an error of the launch, never waited for: each push says whether it fitted,
//     and a run in which one did not is over. After push_shared said no, the ring is broken.
//     (Nothing orders the consumer's position before a push: one that looks full is looked at
//     again for a while, since stores become visible in finite time.)
// Item ids are any 32 bits, iterations below kMaxIterations, capacities powers of two.
//
// M is the memory policy, see memory_policy.h.
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "core/policy_rules.h"

namespace mk::protocol {

inline constexpr std::uint32_t kMaxIterations = 1U << 24;

struct Item {
  std::uint32_t id = 0;
  std::uint32_t iteration = 0;
  friend bool operator==(const Item&, const Item&) = default;
};

template <class M>
struct Ring {
  using Slot = typename M::template atom<std::uint64_t>;
  using Position = typename M::template atom<std::uint32_t>;

  Slot* slots = nullptr;     // mask + 1 of them, 0 at first
  Position* head = nullptr;  // items taken, written by the consumer
  Position* tail = nullptr;  // slots given out, used by push_shared only
  std::uint32_t mask = 0;
  std::uint32_t shift = 0;  // log2(mask + 1)

  // The word of `item` at position `position`; laps count from 1, so that it is never 0 by chance.
  MK_HD std::uint64_t word(std::uint32_t position, Item item) const {
    const std::uint64_t lap = ((position >> shift) + 1) & 0xffU;
    return lap << 56 | static_cast<std::uint64_t>(item.iteration) << 32 | item.id;
  }
  MK_HD bool is_filled(std::uint32_t position, std::uint64_t stored) const {
    return stored >> 56 == (((position >> shift) + 1) & 0xffU);
  }
};

MK_HD constexpr Item item_of(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32) & 0xffffffU};
}

// Looks at a consumer's position before a ring counts as full, unless the policy says otherwise.
template <class M>
MK_HD constexpr std::uint32_t looks_before_full() {
  if constexpr (requires { M::kLooksBeforeFull; }) {
    return M::kLooksBeforeFull;
  } else {
    return 256;
  }
}

// Is there room for the item at `position`? `head` is the consumer's position as last seen.
template <class M>
MK_HD bool has_room(const Ring<M>& ring, std::uint32_t position, std::uint32_t& head) {
  MK_ROLLED
  for (std::uint32_t look = 0; position - head > ring.mask; ++look) {
    if (look == looks_before_full<M>()) return false;
    head = M::load_relaxed(*ring.head);
  }
  return true;
}

// Adds one item as one of many producers; false iff the ring is full.
template <class M>
MK_HD bool push_shared(const Ring<M>& ring, Item item) {
  const std::uint32_t position = M::add_relaxed(*ring.tail, 1U);
  std::uint32_t head = M::load_relaxed(*ring.head);
  if (!has_room(ring, position, head)) return false;
  M::store_relaxed(ring.slots[position & ring.mask], ring.word(position, item));
  return true;
}

// Rings that push_to_each() serves at once.
inline constexpr std::uint32_t kPushWidth = 8;

// push_shared() to rings[k] for each bit k of `wanted`, k < kPushWidth, so that the round trips of
// all of them overlap. Returns a ring that was full, kPushWidth if none was.
template <class M>
MK_HD std::uint32_t push_to_each(const Ring<M>* rings, std::uint32_t wanted, Item item) {
  using Position = typename Ring<M>::Position;
  // Step by step for all of them: what a step needs of the table is asked for together, and not
  // kept for the next (registers).
  const auto for_each_wanted = [&](auto&& step) {
    MK_UNROLL
    for (std::uint32_t k = 0; k < kPushWidth; ++k) {
      if ((wanted >> k & 1U) != 0) step(k);
    }
  };
  Position* cell[kPushWidth] = {};
  std::uint32_t position[kPushWidth] = {};
  std::uint32_t head[kPushWidth] = {};
  for_each_wanted([&](std::uint32_t k) { cell[k] = rings[k].tail; });
  for_each_wanted([&](std::uint32_t k) { position[k] = M::add_relaxed(*cell[k], 1U); });
  for_each_wanted([&](std::uint32_t k) { cell[k] = rings[k].head; });
  for_each_wanted([&](std::uint32_t k) { head[k] = M::load_relaxed(*cell[k]); });
  std::uint32_t full = kPushWidth;
  for_each_wanted([&](std::uint32_t k) {
    const Ring<M>& ring = rings[k];
    if (has_room(ring, position[k], head[k])) {
      M::store_relaxed(ring.slots[position[k] & ring.mask], ring.word(position[k], item));
    } else {
      full = k;
    }
  });
  return full;
}

// The end of a ring's only producer.
template <class M>
class RingProducer {
 public:
  // Stores the item where the consumer does not see it yet; false iff the ring is full.
  MK_HD bool stage(const Ring<M>& ring, Item item) {
    const std::uint32_t position = tail_ + staged_;
    if (!has_room(ring, position, head_seen_)) return false;
    const std::uint64_t word = ring.word(position, item);
    if (staged_ == 0) {
      first_ = word;
    } else {
      M::store_relaxed(ring.slots[position & ring.mask], word);
    }
    ++staged_;
    return true;
  }

  MK_HD std::uint32_t staged() const { return staged_; }

  // Lets the consumer see all staged items: it takes them in order, so the first held them all
  // back.
  MK_HD void publish(const Ring<M>& ring) {
    if (staged_ == 0) return;
    M::store_relaxed(ring.slots[tail_ & ring.mask], first_);
    tail_ += staged_;
    staged_ = 0;
  }

  // Items staged or published that the consumer has not taken.
  MK_HD std::uint32_t depth(const Ring<M>& ring) {
    head_seen_ = M::load_relaxed(*ring.head);
    return tail_ + staged_ - head_seen_;
  }

 private:
  std::uint32_t tail_ = 0;       // published
  std::uint32_t staged_ = 0;     // stored after it
  std::uint32_t head_seen_ = 0;  // the consumer is at least here
  std::uint64_t first_ = 0;      // word of the first staged item, kept back
};

// The end of a ring's only consumer.
template <class M>
class RingConsumer {
 public:
  // Takes up to `room` items in order; returns how many.
  MK_HD std::uint32_t pop(const Ring<M>& ring, Item* items, std::uint32_t room) {
    std::uint32_t taken = 0;
    MK_ROLLED
    while (taken < room) {
      const std::uint64_t word = M::load_relaxed(ring.slots[head_ & ring.mask]);
      if (!ring.is_filled(head_, word)) break;
      items[taken++] = item_of(word);
      ++head_;
    }
    if (taken > 0) M::store_relaxed(*ring.head, head_);
    return taken;
  }

 private:
  std::uint32_t head_ = 0;
};

}  // namespace mk::protocol
