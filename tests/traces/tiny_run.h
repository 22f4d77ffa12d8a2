// A run small enough to check by hand, for the tests of causes, traces and analysis.
#pragma once

#include <memory>

#include "core/record.h"

namespace mk::testing {

// Two operators of two tiles: tasks 0, 1 (L0.qkv) wait for begin and notify event 1, which launches
// tasks 2, 3 (L0.down), which notify `end`. qkv tiles stream 4096 weight bytes and touch 64
// bytes of activations a token, down tiles stream 8192 and 2 a token of context.
std::shared_ptr<const TaskGraph> two_layer_graph();

// Two iterations of it on two workers (lanes 0, 1) and a scheduler (lane 2) under `aot`. Iteration
// 0 is [100, 1100), iteration 1 is [1200, 2200); in each, relative to its start:
//   task  lane  enqueued  ready  start  end  notified
//   0     0     40        0      60     300  310
//   1     1     50        0      70     390  400
//   2     0     60        400    450    900  910
//   3     1     70        400    460    980  1000
// A span "prepare" on the scheduler's lane at [1100, 1200), one counter track, one health row.
RunRecord two_iteration_run();

}  // namespace mk::testing
