// Ring: a bounded queue of (task or event id, iteration) between threads, and its three ends.
//
// A slot is one atomic word that says by itself whether it is filled: lap number, iteration, id. So
// a consumer polls the very cache line that the item comes in, and never writes to a slot.
//   - Publishing is the release store of a slot; taking is the acquire load that finds it filled.
//     What the producer did before happens before what the consumer does after.
//   - One consumer a ring. Its position is stored with release once what it took is out of the
//     slots; a producer loads it with acquire before it writes over a slot.
//   - Producers: either one (RingProducer, which can publish several items by one release: items
//     are taken in order, so the release of the first covers those stored before it), or any number
//     (push_shared, which takes its slot by one atomic add).
//   - A full ring is an error of the launch, never waited for: each push says whether it fitted,
//     and a run in which one did not is over. After push_shared said no, the ring is broken.
// Item ids are any 32 bits, iterations below kMaxIterations, capacities powers of two.
//
// M is the memory policy, see memory_policy.h.
#pragma once

#include <cstdint>

#include "core/policy.h"

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

// Adds one item as one of many producers; false iff the ring is full.
template <class M>
MK_HD bool push_shared(const Ring<M>& ring, Item item) {
  const std::uint32_t position = M::add_relaxed(*ring.tail, 1U);
  if (position - M::load_acquire(*ring.head) > ring.mask) return false;
  M::store_release(ring.slots[position & ring.mask], ring.word(position, item));
  return true;
}

// The end of a ring's only producer.
template <class M>
class RingProducer {
 public:
  // Stores the item where the consumer does not see it yet; false iff the ring is full.
  MK_HD bool stage(const Ring<M>& ring, Item item) {
    const std::uint32_t position = tail_ + staged_;
    if (position - head_seen_ > ring.mask) {
      head_seen_ = M::load_acquire(*ring.head);
      if (position - head_seen_ > ring.mask) return false;
    }
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

  // Lets the consumer see all staged items.
  MK_HD void publish(const Ring<M>& ring) {
    if (staged_ == 0) return;
    M::store_release(ring.slots[tail_ & ring.mask], first_);
    tail_ += staged_;
    staged_ = 0;
  }

  // Items staged or published that the consumer has not taken.
  MK_HD std::uint32_t depth(const Ring<M>& ring) {
    head_seen_ = M::load_acquire(*ring.head);
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
    while (taken < room) {
      const typename Ring<M>::Slot& slot = ring.slots[head_ & ring.mask];
      // Polls are relaxed: on a GPU an acquire throws away what the block has cached.
      if (!ring.is_filled(head_, M::load_relaxed(slot))) break;
      items[taken++] = item_of(M::load_acquire(slot));
      ++head_;
    }
    if (taken > 0) M::store_release(*ring.head, head_);
    return taken;
  }

 private:
  std::uint32_t head_ = 0;
};

}  // namespace mk::protocol
