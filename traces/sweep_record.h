// What a sweep file holds: points, each with what was asked (SweepPoint) and what came of it
// (SweepResult). Two tables name every column once; the SQL schema, CSV, recipes and flags are
// derived from them, and traces/FORMAT.md is held to them by a test.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mk {

// Everything that a prediction depends on, but for the contents of model and machine and the
// simulator itself: their hashes are the row's (SweepInputs). Several assignments in one text are
// joined by '+', in the order in which they apply.
struct SweepPoint {
  std::string model{};    // built-in name or path
  std::string machine{};  // built-in name or path
  std::string policy{};
  std::string placement{};
  std::string jit_placement{};
  std::string worker_queue{};  // "polling", or "blocking": hybrid workers block on the AOT head
  std::uint64_t workers = 0;
  std::uint64_t schedulers = 0;
  std::uint64_t grid_workers = 0;  // that grids are made for
  std::uint64_t batch_tokens = 1;
  std::uint64_t requests = 1;
  std::uint64_t context = 1024;
  std::uint64_t devices = 1;  // tensor parallel degree
  std::string partition{};
  std::string fusion{};
  std::string events{};
  std::string overlap{};      // "on" or "off"
  std::string experts{};      // "stride" or "static"
  std::string expert_skew{};  // "": even routing; else drawn, the i-th expert as 1/i^skew
  std::string task_counts{};  // "lm_head.tasks=600"
  std::string kernels{};      // of kernel-per-operator policies: "gate_up+silu_mul attention*3:0.5"
  std::string mechanisms{};   // "preload=off+noise=off"
  std::string injections{};   // "notify_delay_us=1"
  std::string what_if{};      // "memory.latency=0.4": numbers of the machine that are changed
  std::string engine{};       // "elided", or "reference": event by event, with the same result
  std::uint64_t iterations = 1;
  std::uint64_t prompt_tokens = 0;  // 0: decode steps that end at `context`
  std::uint64_t generate = 0;       // tokens after the prompt
  std::uint64_t seed = 1;
  std::string span{};  // "first:last" operator whose time is measured too
  friend auto operator<=>(const SweepPoint&, const SweepPoint&) = default;
};

// One column of SweepPoint: a text or a whole number.
struct SweepAxis {
  std::string_view name{};
  std::string SweepPoint::*text = nullptr;
  std::uint64_t SweepPoint::*number = nullptr;
};

// In key order: rows are sorted by these columns from left to right.
inline constexpr std::array kSweepAxes = {
    SweepAxis{"model", &SweepPoint::model, nullptr},
    SweepAxis{"machine", &SweepPoint::machine, nullptr},
    SweepAxis{"policy", &SweepPoint::policy, nullptr},
    SweepAxis{"placement", &SweepPoint::placement, nullptr},
    SweepAxis{"jit_placement", &SweepPoint::jit_placement, nullptr},
    SweepAxis{"worker_queue", &SweepPoint::worker_queue, nullptr},
    SweepAxis{"workers", nullptr, &SweepPoint::workers},
    SweepAxis{"schedulers", nullptr, &SweepPoint::schedulers},
    SweepAxis{"grid_workers", nullptr, &SweepPoint::grid_workers},
    SweepAxis{"batch_tokens", nullptr, &SweepPoint::batch_tokens},
    SweepAxis{"requests", nullptr, &SweepPoint::requests},
    SweepAxis{"context", nullptr, &SweepPoint::context},
    SweepAxis{"tp", nullptr, &SweepPoint::devices},
    SweepAxis{"partition", &SweepPoint::partition, nullptr},
    SweepAxis{"fuse", &SweepPoint::fusion, nullptr},
    SweepAxis{"events", &SweepPoint::events, nullptr},
    SweepAxis{"overlap", &SweepPoint::overlap, nullptr},
    SweepAxis{"experts", &SweepPoint::experts, nullptr},
    SweepAxis{"expert_skew", &SweepPoint::expert_skew, nullptr},
    SweepAxis{"set", &SweepPoint::task_counts, nullptr},
    SweepAxis{"kernels", &SweepPoint::kernels, nullptr},
    SweepAxis{"mechanism", &SweepPoint::mechanisms, nullptr},
    SweepAxis{"inject", &SweepPoint::injections, nullptr},
    SweepAxis{"what_if", &SweepPoint::what_if, nullptr},
    SweepAxis{"engine", &SweepPoint::engine, nullptr},
    SweepAxis{"iterations", nullptr, &SweepPoint::iterations},
    SweepAxis{"prompt_tokens", nullptr, &SweepPoint::prompt_tokens},
    SweepAxis{"generate", nullptr, &SweepPoint::generate},
    SweepAxis{"seed", nullptr, &SweepPoint::seed},
    SweepAxis{"span", &SweepPoint::span, nullptr},
};

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
