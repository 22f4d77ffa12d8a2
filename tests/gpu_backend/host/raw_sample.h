// A raw run small enough to damage by hand: the instants of two_iteration_run() (tests/traces), on
// a device's clock that stands at `zero` when the first iteration begins.
#pragma once

#include "gpu_backend/host/raw_run.h"
#include "tests/traces/tiny_run.h"

namespace mk::testing {

inline RawRun raw_sample(std::uint64_t zero = 7'000'000'000'000) {
  RawRun run;
  run.graph = two_layer_graph();
  run.options.policy.kind = PolicyKind::kAot;
  run.options.roles = {2, 1};
  run.begins = zero - 50;
  run.ends = zero + 3000;
  run.meta = {{"source", "cuda"}, {"policy", "aot"},      {"placement", "round-robin"},
              {"workers", "2"},   {"schedulers", "1"},    {"clock", "globaltimer"},
              {"gpu", "test"},    {"model", "two layers"}};
  run.rows.core_of_lane = {4, 6, 8};
  run.rows.lanes.resize(3);
  for (LaneBuffers& lane : run.rows.lanes) {
    lane.tasks.reserve(4);
    lane.enqueued.reserve(8);
    lane.dispatched.reserve(2);
  }
  struct Times {
    std::uint32_t task, lane;
    std::uint64_t enqueued, fetched, start, end, notified;
    bool activated;
  };
  constexpr Times kTimes[] = {{0, 0, 40, 55, 60, 300, 310, false},
                              {1, 1, 50, 60, 70, 390, 400, true},
                              {2, 0, 60, 310, 450, 900, 910, false},
                              {3, 1, 70, 400, 460, 980, 1000, true}};
  for (std::uint32_t i = 0; i < 2; ++i) {
    const std::uint64_t at = zero + 1100 * i;
    run.rows.iterations.push_back({at, at + 1000});
    run.states.push_back(decode_step(1, 5 + i));
    for (const Times& t : kTimes) {
      run.rows.lanes[t.lane].tasks.add(
          {{t.task, i},
           {at + t.fetched, at + t.start, at + t.end, at + t.notified, 0},
           t.activated});
      run.rows.lanes[2].enqueued.add({{t.task, i}, at + t.enqueued});
    }
    run.rows.lanes[2].dispatched.add({{0, i}, at + 30, at + 80});
  }
  return run;
}

}  // namespace mk::testing
