// CellTeam: a team of the protocol (protocol/team.h) whose lanes are threads that meet at counters
// of a memory policy, so that checkers see all that a warp's barriers order, and nothing more.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/ring.h"

namespace mk::protocol::testing {

template <class M>
struct TeamCells {
  typename M::template atom<std::uint32_t> arrived;
  typename M::template atom<std::uint32_t> rounds;
  typename M::template atom<std::uint64_t> value;
  typename M::template atom<std::uint32_t> said_no;

  void start() {
    M::store_relaxed(arrived, 0U);
    M::store_relaxed(rounds, 0U);
    M::store_relaxed(value, std::uint64_t{0});
    M::store_relaxed(said_no, 0U);
  }
};

// A lane of it, in copies; `round` counts the lane's meetings for all of them. kOrdered: false
// plants a bug.
template <class M, bool kOrdered>
class CellTeam {
 public:
  CellTeam(TeamCells<M>& cells, std::uint32_t lane, std::uint32_t lanes, std::uint32_t& round)
      : cells_(&cells), lane_(lane), lanes_(lanes), round_(&round) {}

  std::uint32_t lane() const { return lane_; }
  std::uint32_t lanes() const { return lanes_; }
  void sync() const {
    const std::uint32_t round = ++*round_;
    const std::uint32_t before =
        kOrdered ? M::add_acq_rel(cells_->arrived, 1U) : M::add_relaxed(cells_->arrived, 1U);
    if (before + 1 == lanes_ * round) return show(round);
    while (look_at_rounds() != round) M::pause(0, 0);
  }
  Item from_first(Item item) const {
    if (lane_ == 0) {
      M::store_relaxed(cells_->value, std::uint64_t{item.iteration} << 32 | item.id);
    }
    sync();
    const std::uint64_t value = M::load_relaxed(cells_->value);
    sync();
    return item_of(value);
  }
  bool from_first(bool value) const { return from_first(Item{value ? 1U : 0U, 0}).id != 0; }
  // One no stays: it ends the run.
  bool all(bool yes) const {
    if (!yes) M::store_relaxed(cells_->said_no, 1U);
    sync();
    return M::load_relaxed(cells_->said_no) == 0;
  }

 private:
  void show(std::uint32_t round) const {
    if constexpr (kOrdered) {
      M::store_release(cells_->rounds, round);
    } else {
      M::store_relaxed(cells_->rounds, round);
    }
  }
  std::uint32_t look_at_rounds() const {
    return kOrdered ? M::load_acquire(cells_->rounds) : M::load_relaxed(cells_->rounds);
  }

  TeamCells<M>* cells_;
  std::uint32_t lane_;
  std::uint32_t lanes_;
  std::uint32_t* round_;
};

}  // namespace mk::protocol::testing
