// The hand-over between a worker block's control thread and its compute warps: a box that the
// control thread fills, and two barriers, `go` (1 arrival a phase: there is a command) and `done`
// (an arrival of each compute thread a phase: all have carried it out).
//
// Over the types of the two barriers, so that the source that runs on the device (megakernel.cuh)
// is what Relacy checks (tests/gpu_backend/cuda):
//   barrier.arrive()       releases what this thread did before
//   barrier.await(parity)  until the phase of that parity has ended: acquires what was done before
//                          its arrivals. The thread itself has not arrived.
//
// Invariants: what a command reads of the box is written only between await_done() and post(); it
// is read only between await_command() and finish(). At most one command is posted and not done.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk::cuda {

// The control side.
template <class Go, class Done>
class MailboxWriter {
 public:
  MK_HD MailboxWriter(Go& go, Done& done) : go_(go), done_(done) {}

  // Until whatever was posted before is done; then the box may be written.
  MK_HD void await_done() {
    if (posted_ == finished_) return;
    done_.await(finished_ & 1U);
    ++finished_;
  }
  // Requires: await_done().
  MK_HD void post() {
    ++posted_;
    go_.arrive();
  }

 private:
  Go& go_;
  Done& done_;
  std::uint32_t posted_ = 0;
  std::uint32_t finished_ = 0;
};

// A compute thread's side. (It does not keep the barriers: a body has no register to spare.) Each
// lane of a warp finishes for itself: one arrival for all, behind a __syncwarp, is as right, but
// racecheck does not follow it.
class MailboxReader {
 public:
  template <class Go>
  MK_HD void await_command(Go& go) {
    go.await(turn_ & 1U);
    ++turn_;
  }
  template <class Done>
  MK_HD static void finish(Done& done) {
    done.arrive();
  }

 private:
  std::uint32_t turn_ = 0;
};

}  // namespace mk::cuda
