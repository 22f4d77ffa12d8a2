// HostClaims: the `host` claims of studies, run on this machine's threads, and kept in a file, so
// that a second `reproduce` runs only what it has not seen.
//
// Both sides run in turns, kLaunches times each, on synthetic weights that are made once a side; a
// launch's figure is the median of its steady iterations. The claim's figure is the median of the
// ratios of neighbouring launches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/result.h"
#include "experiments/cli/answer.h"
#include "experiments/cli/console.h"
#include "experiments/reproduce/reproduce.h"
#include "experiments/sweep/catalogue.h"

namespace mk::cli {

class HostClaims {
 public:
  static constexpr std::size_t kLaunches = 5;
  static constexpr std::uint32_t kTokens = 40;  // that a launch generates
  static constexpr std::size_t kWarmUp = 8;     // of its iterations that are left out

  // `file` is read if it is there; one that cannot be read is as one that is not there. All outlive
  // this.
  HostClaims(std::string file, const Catalogue& catalogue, Console& console);

  // kUnsupported: more threads than cores. kIo: the file cannot be written. Else the errors of
  // run_on_threads and of the compiler. Requires: the claim has two sides of one point each.
  Result<HostFigure> operator()(const Claim& claim);

 private:
  Result<HostFigure> run(const Claim& claim);

  std::string file_;
  const Catalogue& catalogue_;
  Console& console_;
  Json known_;
};

}  // namespace mk::cli
