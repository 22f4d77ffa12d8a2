// How a worker comes to its next task, and the fit of it.
//
// From the instant at which it is free the worker needs `turn` (the descriptor, its tables) before
// it first looks whether the task's event is active; then it looks every `period`; what it sees
// begins `step` later (the load that saw it, dispatch). With `wait` the time from free to the
// event, less than 0 where the event came first, a task begins after max(0, wait) by
//
//   turn + step - max(0, wait)                   if wait <= turn
//   what is left of the period then, + step      if wait > turn: 0 .. period, half of it on average
//
//   us                 A last arriver's own next task waits for its turn, all others for a look:
//   |‾‾‾\              one number for both, from the former, made a 3.7 us hop of 0.5 us.
//   |    \  /| /|
//   |     \/ |/ |/     At once: turn + step. After a long wait: step + period / 2. Where the saw's
//   +----------- wait  teeth are seen they tell the period, and so all three.
//
// Which two sums are known of what the run shows is in the fit; the prior decides the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mk {

struct HandOff {
  double wait = 0;  // us
  double us = 0;    // from both free and ready to the start
  std::uint8_t group = 0;
};

struct HandOffNumbers {
  double turn = 0;
  double period = 0;
  double step = 0;

  // Where the phase of the looks is lost, half a period stands for it.
  double predict(double wait) const;
};

struct HandOffFit {
  HandOffNumbers numbers{};
  bool turn_known = false;    // as a sum with the period, unless that is known
  bool period_known = false;  // teeth were seen
  bool step_known = false;
  double at_once_residual = 0;  // median |recorded - fitted| / recorded
  double waiting_residual = 0;
  double at_once_deviation = 0;  // us, robust standard deviation of turn + step
  double waiting_deviation = 0;  // of the time after a wait, the looks' phase included
  std::size_t at_once = 0;       // records
  std::size_t waiting = 0;
};

inline constexpr std::size_t kFewestHandOffs = 20;  // of one kind

// `prior`: turn and period as the base machine has them.
HandOffFit fit_hand_off(std::span<const HandOff> records, const HandOffNumbers& prior);

}  // namespace mk
