// Which task's descriptor lies in which slot of a worker block's mailbox: a batch of fetched tasks,
// or of a list the task in hand and the two after it. Also compiles for the host, where a test
// plays what the protocol asks for.
//
// Over what copies a descriptor:
//   copies.begin(slot, task)   begins to copy the task's descriptor there
//   copies.land()              returns once all that were begun have landed
// At most one copy to a slot is under way.
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "gpu_backend/cuda/bf16.h"
#include "gpu_backend/protocol/agent.h"

namespace mk::cuda {

inline constexpr std::uint32_t kSlots = 16;  // a multiple of 4

template <class Copies>
class DescriptorSlots {
 public:
  MK_HD explicit DescriptorSlots(Copies copies) : copies_(copies) {
    for (std::uint32_t& task : task_) task = protocol::kNoTask;
  }

  // The slot of the task; its copy is at least begun. Slot `busy` stays as it is.
  MK_APART std::uint32_t fetch(std::uint32_t task, std::uint32_t busy = kSlots) {
    const std::uint32_t found = slot_of(task);
    if (found != kSlots) return found;
    // So that no two copies to one slot are under way: past that many it would come round.
    if (begun_ == kSlots - 2) land();
    ++begun_;
    if (turn_ == busy) advance();
    const std::uint32_t slot = turn_;
    advance();
    task_[slot] = task;
    copies_.begin(slot, task);
    return slot;
  }

  // The slot of a list's task that comes next; and next_slot() is that of the one after it
  // (kNoTask: none). Both may be known already. What was remembered of them is looked at before it
  // is trusted: others may have come there since.
  MK_HD std::uint32_t foresee(std::uint32_t task, std::uint32_t next) {
    std::uint32_t slot = next_slot_;
    if (!holds(slot, task)) slot = fetch(task);
    next_slot_ = coming_slot_;
    if (!holds(next_slot_, next)) {
      next_slot_ = kSlots;
      if (next != protocol::kNoTask) next_slot_ = fetch(next, slot);
    }
    return slot;
  }
  MK_HD std::uint32_t next_slot() const { return next_slot_; }  // kSlots: not known
  // Of the task behind these two: its copy comes while a task runs.
  MK_HD std::uint32_t fetch_coming(std::uint32_t task) {
    coming_slot_ = fetch(task, next_slot_);
    return coming_slot_;
  }

  // All copies have landed.
  MK_HD void land() {
    copies_.land();
    begun_ = 0;
  }

 private:
  MK_HD bool holds(std::uint32_t slot, std::uint32_t task) const {
    return slot < kSlots && task_[slot] == task && task != protocol::kNoTask;
  }
  MK_HD void advance() { turn_ = turn_ + 1 == kSlots ? 0 : turn_ + 1; }
  MK_HD std::uint32_t slot_of(std::uint32_t task) const {
    std::uint32_t slot = kSlots;
    MK_UNROLL
    for (std::uint32_t s = 0; s < kSlots; s += 4) {
      const Words4 four = load_as<Words4>(task_ + s);
      MK_UNROLL
      for (std::uint32_t k = 0; k < 4; ++k) {
        if (four.at[k] == task) slot = s + k;
      }
    }
    return slot;
  }

  Copies copies_;
  alignas(16) std::uint32_t task_[kSlots];
  std::uint32_t turn_ = 0;
  std::uint32_t begun_ = 0;  // copies since they last landed
  std::uint32_t next_slot_ = kSlots;
  std::uint32_t coming_slot_ = kSlots;
};

}  // namespace mk::cuda
