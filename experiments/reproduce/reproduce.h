// Runs studies: predicts all their points in one sweep, then holds each claim against what was
// published.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "experiments/reproduce/study.h"
#include "experiments/reproduce/verdict.h"
#include "experiments/sweep/run_sweep.h"

namespace mk {

// A claim, answered. `not_run` says why there is no figure; else `ours` is one.
struct Finding {
  std::string id{};  // "study/name"
  const Claim* claim = nullptr;
  std::string how{};    // "simulated with published constants", "compiled", "run on GPU" ...
  std::string where{};  // of what was run: on what, and when
  std::string not_run{};
  bool is_failure = false;  // it was not run, and should have been
  Evidence evidence{};
  std::optional<Verdict> verdict{};  // where something was published and it was run
};

struct StudyResult {
  const Study* study = nullptr;
  std::vector<SweepRow> rows{};  // of the study's sweeps
  std::vector<Finding> findings{};
  std::size_t refused = 0;  // rows without a prediction
};

struct Reproduction {
  std::vector<StudyResult> studies{};
  std::size_t points = 0;
  std::size_t simulated = 0;  // that were not in the file
  bool has_served = false;    // this is not the first rank of its job: the rest is empty
};

// A `host` claim's figure: the median of several launches' ratios, with the smallest and largest.
struct HostFigure {
  double value = 0;
  ValueRange launches{};
  std::string where{};
};

// What does not come out of a simulation.
struct Outside {
  std::map<std::string, double> measured{};  // figures of GPU runs, by "study/name"
  std::function<Result<HostFigure>(const Claim&)> run_on_host{};  // none: `host` claims are not run
};

// `studies` outlive the result. Fails only if the file does.
Result<Reproduction> reproduce(const std::vector<Study>& studies, const Catalogue& catalogue,
                               SweepFile* file, const Outside& outside, const SweepRun& how);

}  // namespace mk
