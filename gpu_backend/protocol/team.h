// Team: the lanes that do a scheduler's step together, each for other queues: the 32 of a warp on a
// GPU (cuda/warp_team.cuh), one thread elsewhere. All lanes call the same functions in the same
// order.
//   lane(), lanes()    this lane's number, and how many there are
//   sync()             no lane goes on before all have come; orders their memory
//   from_first(value)  the value that lane 0 gave, in every lane; orders memory as sync() does
//   all(yes)           do all lanes say yes?
//
// What a lane writes that another lane reads stands on either side of a sync(): a dispatcher's
// state and the scratch of queue depths. Queues have one owner among the lanes, lane_of().
#pragma once

#include <cstdint>

#include "core/policy_rules.h"

namespace mk::protocol {

struct OneLane {
  MK_HD static constexpr std::uint32_t lane() { return 0; }
  MK_HD static constexpr std::uint32_t lanes() { return 1; }
  MK_HD void sync() const {}
  template <class T>
  MK_HD T from_first(T value) const {
    return value;
  }
  MK_HD bool all(bool yes) const { return yes; }
};

// The lane that serves the queues of worker `worker` of the range: always the same one.
template <class Team>
MK_HD constexpr std::uint32_t lane_of(const Team& team, const WorkerRange& own,
                                      std::uint32_t worker) {
  return (worker - own.begin) % team.lanes();
}

}  // namespace mk::protocol
