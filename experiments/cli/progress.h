// Progress: how far a long step is. On a terminal one bar that redraws itself and is gone at the
// end; elsewhere a plain line now and then, so that logs stay short.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "experiments/cli/console.h"

namespace mk::cli {

class Progress {
 public:
  // `what` is a few words: "simulate 12 points".
  Progress(Console& console, std::string what, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` steps are done. Cheap: draws at most ten times a second, and elsewhere says a
  // line at most every five seconds.
  void update(std::uint64_t done);

 private:
  std::string bar(std::uint64_t done) const;

  Console& console_;
  std::string what_;
  std::uint64_t total_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};  // when something was written
};

}  // namespace mk::cli
