// What a sweep file holds: points, each with what was asked (SweepPoint) and what came of it
// (SweepResult). Two tables, here and in core/sweep_point.h, name every column once; the SQL
// schema, CSV, recipes and flags are derived from them, and traces/FORMAT.md is held to them by a
// test.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/sweep_point.h"

namespace mk {

// Hashes of what stands behind the names of a point. A row whose inputs differ is stale.
struct SweepInputs {
  std::string model_hash{};      // of the config.json
  std::string machine_hash{};    // of the machine's JSON
  std::string simulator_hash{};  // of the sources that make predictions
  friend bool operator==(const SweepInputs&, const SweepInputs&) = default;
};

struct SweepResult {
  double iteration_us = 0;  // median
  double makespan_us = 0;
  double span_us = 0;  // 0 where none was asked for
  double tokens_per_second = 0;
  double worker_busy_fraction = 0;
  double scheduler_busy_fraction = 0;
  double hbm_fraction = 0;
  double lower_bound_us = 0;  // bytes over the achieved bandwidth, of the whole run
  std::uint64_t tasks_simulated = 0;
  std::uint64_t events_processed = 0;
  std::string refused{};  // why there is no prediction; "" iff there is one
  friend bool operator==(const SweepResult&, const SweepResult&) = default;
};

struct SweepMeasure {
  std::string_view name{};
  double SweepResult::*real = nullptr;
  std::uint64_t SweepResult::*whole = nullptr;
};

inline constexpr std::array kSweepMeasures = {
    SweepMeasure{"iteration_us", &SweepResult::iteration_us, nullptr},
    SweepMeasure{"makespan_us", &SweepResult::makespan_us, nullptr},
    SweepMeasure{"span_us", &SweepResult::span_us, nullptr},
    SweepMeasure{"tokens_per_second", &SweepResult::tokens_per_second, nullptr},
    SweepMeasure{"worker_busy_fraction", &SweepResult::worker_busy_fraction, nullptr},
    SweepMeasure{"scheduler_busy_fraction", &SweepResult::scheduler_busy_fraction, nullptr},
    SweepMeasure{"hbm_fraction", &SweepResult::hbm_fraction, nullptr},
    SweepMeasure{"lower_bound_us", &SweepResult::lower_bound_us, nullptr},
    SweepMeasure{"tasks_simulated", nullptr, &SweepResult::tasks_simulated},
    SweepMeasure{"events_processed", nullptr, &SweepResult::events_processed},
};

struct SweepRow {
  SweepPoint point{};
  SweepInputs inputs{};
  SweepResult result{};
  friend bool operator==(const SweepRow&, const SweepRow&) = default;
};

}  // namespace mk
