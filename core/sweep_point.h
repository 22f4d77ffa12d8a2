// SweepPoint: one prediction, as asked for. A table names every column once; the SQL schema, CSV,
// recipes and flags are derived from it, and traces/FORMAT.md is held to it by a test.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

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

}  // namespace mk
