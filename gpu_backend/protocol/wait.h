// Wait: the one way to spin. Every turn looks whether the run is over; now and then the clock is
// read, and a wait in which nothing moved anywhere for the launch's deadline ends the run as stuck.
//
// "Nothing moved" means that no lane's `where` word changed: an idle worker may well wait longer
// than the deadline while others work. The waiting lane says what it waits for as soon as it reads
// the clock for the first time, and when the run ends; short waits write nothing.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/launch.h"

namespace mk::protocol {

// Turns from one look at the clock and at the other lanes to the next, unless the policy says
// otherwise (where that look takes long: on an H100 25 us for 150 lanes, in which a lane is blind).
template <class M>
MK_HD constexpr std::uint32_t turns_per_clock() {
  if constexpr (requires { M::kTurnsPerClock; }) {
    return M::kTurnsPerClock;
  } else {
    return 256;
  }
}

// Turns from one look at `halt` to the next: each, unless the policy says otherwise (where a look
// costs as much as a poll). Divides turns_per_clock().
template <class M>
MK_HD constexpr std::uint32_t turns_per_halt() {
  if constexpr (requires { M::kTurnsPerHalt; }) {
    return M::kTurnsPerHalt;
  } else {
    return 1;
  }
}

// Changes whenever a lane's word does, but for 2^-64.
template <class M>
MK_APART std::uint64_t sum_of_where(const Launch<M>& launch) {
  std::uint64_t sum = 0;
  MK_ROLLED
  for (std::uint32_t lane = 0; lane < launch.lanes(); ++lane) {
    sum = (sum ^ M::load_relaxed(launch.where[lane].word)) * 0x9e3779b97f4a7c15ULL;
    sum ^= sum >> 32;
  }
  return sum;
}

template <class M>
class Wait {
 public:
  MK_HD Wait(const Launch<M>& launch, std::uint32_t lane) : launch_(launch), lane_(lane) {}

  // One turn of waiting as `where`; false iff the run is over (done or aborted).
  MK_HD bool turn(Where where) {
    if (turns_ % turns_per_halt<M>() == 0 && M::load_relaxed(launch_.control->halt) != 0) {
      M::store_relaxed(launch_.where[lane_].word, where_word(where));
      return false;
    }
    M::pause(turns_, launch_.spin_turns);
    if (++turns_ % turns_per_clock<M>() == 0) look_at_clock(where);
    return true;
  }

 private:
  MK_HD void look_at_clock(Where where) {
    M::store_relaxed(launch_.where[lane_].word, where_word(where));
    if constexpr (requires { M::stop_requested(launch_.stop_request); }) {
      if (lane_ == 0 && launch_.stop_request != nullptr &&
          M::stop_requested(launch_.stop_request)) {
        abort_run(*launch_.control, failure_word(FailureCode::kStopped, lane_));
      }
    }
    const std::uint64_t now = M::clock_ns();
    const std::uint64_t movement = sum_of_where(launch_);
    if (turns_ == turns_per_clock<M>() || movement != movement_) {
      since_ = now;
      movement_ = movement;
    } else if (now - since_ > launch_.deadline_ns) {
      abort_run(*launch_.control, failure_word(FailureCode::kStuck, lane_));
    }
  }

  const Launch<M>& launch_;
  std::uint32_t lane_;
  std::uint32_t turns_ = 0;
  std::uint64_t since_ = 0;
  std::uint64_t movement_ = 0;
};

}  // namespace mk::protocol
