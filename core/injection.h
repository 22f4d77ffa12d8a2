// Injections: disturbances put into a run on purpose (`--inject NAME=VALUE`), so that a predicted
// change can be held against a measured one. Host backend and simulator take the same names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk {

struct SlowWorker {
  std::uint32_t worker = 0;
  double factor = 1;  // each of its bodies lasts this many times as long, >= 1: idle at its end
  friend bool operator==(const SlowWorker&, const SlowWorker&) = default;
};

struct Injections {
  double notify_delay_us = 0;                  // every task, between its body's end and its arrival
  std::vector<SlowWorker> slow_workers{};      // at most one entry a worker
  std::optional<std::uint32_t> lost_notify{};  // this task never notifies: the run gets stuck
  friend bool operator==(const Injections&, const Injections&) = default;

  double slow_factor(std::uint32_t worker) const {
    for (const SlowWorker& slow : slow_workers) {
      if (slow.worker == worker) return slow.factor;
    }
    return 1;
  }
};

// The names, for help texts.
struct InjectionFacts {
  std::string_view form{};
  std::string_view meaning{};
};
inline constexpr std::array kInjections = {
    InjectionFacts{"notify_delay_us=X", "each task notifies X us late"},
    InjectionFacts{"slow_worker=W:F", "the bodies on worker W last F times as long"},
    InjectionFacts{"lost_notify=T", "task T never notifies (the run ends as stuck)"},
};

// Adds what one `NAME=VALUE` says. Usage, naming it and what is known, iff the name is unknown or
// the value is no number of its range.
Status add_injection(Injections& injections, std::string_view name_value);

// "slow_worker=3:1.2 lost_notify=7": what add_injection() takes, in the order of kInjections; empty
// iff there is none.
std::string to_text(const Injections& injections);

}  // namespace mk
