// The hand-over between a worker block's control thread and its compute warps: two boxes that the
// control thread fills in turn, and three barriers.
//
//   go     the next box is filled: its command may begin
//   input  the event of its task is active: what it brings can be read
//   done   all compute threads have carried it out
//
// A command begins before its input is there, and even before the one before it is done: it is
// posted while that runs, and the compute warps go on to it without asking anybody. So what a task
// does before its event is active (plans, first weights) lies beside what the control thread does
// between two tasks (a notification, polls), and the way from an active event to the first load of
// an input is one barrier.
//
// Over the types of the barriers, so that the source that runs on the device (megakernel.cuh) is
// what Relacy checks (tests/gpu_backend/cuda):
//   arrive()        releases what this thread did before
//   await(parity)   until the phase of that parity has ended: acquires what was done before its
//                   arrivals. The thread itself has not arrived.
//   meet(parity)    arrives, and awaits
// A phase of `done` has an arrival of each compute thread; one of `go` and of `input` the control
// thread's besides: so the warps meet between two commands, too.
//
// Invariants. A box is written only after the command before last is done, and read only between
// await_command() and finish(). At most one command is posted whose input was not given. The
// control thread meets the others at `input`, though it has nothing to wait for: so all have come
// to `go`, and it arrives there once a phase.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk::cuda {

// The control side. Its calls go: post, give_input, [post], await_done, give_input, [post], ...
template <class Go, class Input, class Done>
class MailboxWriter {
 public:
  MK_HD MailboxWriter(Go& go, Input& input, Done& done) : go_(go), input_(input), done_(done) {}

  // Of the two boxes, that of the next command.
  MK_HD std::uint32_t next_box() const { return posted_ & 1U; }
  MK_HD void post() {
    ++posted_;
    go_.arrive();
  }
  // To the oldest command that is not done.
  MK_HD void give_input() { input_.meet(finished_ & 1U); }
  // Requires: give_input() to that command.
  MK_HD void await_done() {
    const std::uint32_t parity = finished_ & 1U;
    ++finished_;  // before: the way from the last thread's arrival on is what others wait for
    done_.await(parity);
  }

 private:
  Go& go_;
  Input& input_;
  Done& done_;
  std::uint32_t posted_ = 0;
  std::uint32_t finished_ = 0;
};

// A compute thread's side. (It does not keep the barriers: a body has no register to spare.) Each
// lane of a warp finishes for itself: one arrival for all, behind a __syncwarp, is as right, but
// racecheck does not follow it.
class MailboxReader {
 public:
  // The box of the command; its parity at `input` is the same number.
  template <class Go>
  MK_HD std::uint32_t await_command(Go& go) {
    const std::uint32_t box = turn_ & 1U;
    go.meet(box);
    ++turn_;
    return box;
  }
  template <class Done>
  MK_HD static void finish(Done& done) {
    done.arrive();
  }

 private:
  std::uint32_t turn_ = 0;
};

}  // namespace mk::cuda
