// The hand-over between a worker block's control thread and its compute warps: a box that the
// control thread fills, and two barriers, `go` (1 arrival a phase: there is a command) and `done`
// (an arrival of each compute thread a phase: all have carried it out).
//
// Over a barrier policy B, so that the source that runs on the device (megakernel.cuh) is what
// Relacy checks (tests/gpu_backend/cuda):
//   B::Barrier
//   B::arrive(barrier)             releases what this thread did before
//   B::has_ended(barrier, parity)  has the phase of that parity ended? Yes acquires what was done
//                                  before its arrivals. May take its time to say no.
//
// Invariants: the box is written only between await_done() and post(); it is read only between
// await_command() and finish(). At most one command is posted and not done.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk::cuda {

// The control side.
template <class B>
class MailboxWriter {
 public:
  using Barrier = typename B::Barrier;
  MK_HD MailboxWriter(Barrier& go, Barrier& done) : go_(go), done_(done) {}

  // Until whatever was posted before is done; then the box may be written.
  MK_HD void await_done() {
    if (posted_ == finished_) return;
    while (!B::has_ended(done_, finished_ & 1U)) {
    }
    ++finished_;
  }
  // Requires: await_done().
  MK_HD void post() {
    ++posted_;
    B::arrive(go_);
  }

 private:
  Barrier& go_;
  Barrier& done_;
  std::uint32_t posted_ = 0;
  std::uint32_t finished_ = 0;
};

// A compute thread's side. (It does not keep the barriers: a body has no register to spare.) Each
// lane of a warp finishes for itself: one arrival for all, behind a __syncwarp, is as right, but
// racecheck does not follow it (104 reports), and it is slower (Llama-3.2-1B on an H100, static:
// 1145 us instead of 1137).
template <class B>
class MailboxReader {
 public:
  using Barrier = typename B::Barrier;

  MK_HD void await_command(Barrier& go) {
    while (!B::has_ended(go, turn_ & 1U)) {
    }
    ++turn_;
  }
  MK_HD static void finish(Barrier& done) { B::arrive(done); }

 private:
  std::uint32_t turn_ = 0;
};

}  // namespace mk::cuda
