// Calibration: from recorded runs to the machine that predicts others.
//
//   number                       was      is   95 % interval   residual   count   known with
//   bodies.linear.port_limit   8.000   9.312   9.270 - 9.354      3.1 %   55296
//   bodies.linear.start_up     0.500   1.920   1.900 - 1.940      3.1 %   55296   fixed, epilogue
//   protocol.dispatch.typical  0.150   0.211   0.208 - 0.214      8.0 %   20110   observe
//
// Few, named, physical numbers are fitted, each by medians or least absolute deviations; all others
// stay those of the base machine. The duration of a body is taken to be
//   start_up + max(bytes / rate, flops / flops_per_cycle) + fixed + KiB of activations x
//   per_activation
// with rate = the body's stream limit, or less where memory.curve gives less to as many streams as
// ran beside it. How a worker comes to its next task: hand_off.h. Of each run the first iteration
// is left out where there are more.
//
// Where runs cannot tell those apart, since all tasks of a kind have one size or no arithmetic
// binds, bodies that microbench measured alone (is_measured_alone) keep what it said: the split of
// a small body's time into fixed and per_activation, what activations take in a linear, the rate of
// arithmetic. Of other machines all such time is fixed.
//
// Intervals: the fit is made again without each of eight groups of records (iterations, or layers
// where there are few iterations), value +- 2.36 standard errors of that jackknife. What differs
// from launch to launch is in them only as far as several launches are given.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/machine.h"
#include "core/result.h"
#include "traces/trace.h"

namespace mk {

struct FittedNumber {
  std::string path{};  // as visit_numbers names it
  double before = 0;   // in the base machine
  double value = 0;
  double low = 0;  // 95 % interval; equal to the value where too few groups had such records
  double high = 0;
  double residual = 0;       // median |recorded - fitted| / recorded of what it was fitted to
  std::size_t count = 0;     // records it was fitted to
  std::string known_with{};  // numbers from which these runs cannot tell it apart; empty iff none
};

struct Calibration {
  Machine machine{};
  std::vector<FittedNumber> numbers{};
  // Sentences: numbers that these runs cannot tell apart and how each was chosen, kinds of tasks
  // that were not in the runs.
  std::vector<std::string> notes{};
};

// InvalidInput iff a trace is too short (says how many records it has and how many are needed), was
// disturbed on purpose, or ran under a kernel-per-operator policy.
Result<Calibration> calibrate(const Machine& base, std::span<const Trace> traces);

}  // namespace mk
