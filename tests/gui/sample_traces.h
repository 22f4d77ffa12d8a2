// Traces for the viewer's tests: small ones to check by hand, random ones to check against slow
// code.
#pragma once

#include <cstdint>
#include <memory>

#include "gui/model/loaded_trace.h"
#include "gui/model/session.h"
#include "traces/trace.h"

namespace mk::testing {

// Invariants of Bands hold; times 0 .. `span`, lengths from 0 up, some lanes empty.
struct RandomBands {
  Instants start{};
  Instants end{};
  std::vector<std::uint8_t> category{};
  gui::Bands bands{};
};
std::unique_ptr<RandomBands> random_bands(std::uint32_t seed, std::size_t lanes, std::size_t a_lane,
                                          Nanoseconds span);

// two_iteration_run() of tests/traces/tiny_run.h as an open trace; `later` ns are added to every
// start, end and notification of its tasks.
std::unique_ptr<gui::LoadedTrace> tiny_trace(const char* name, Nanoseconds later = 0);

// A session with "predicted" and, 20 ns later, "measured".
std::unique_ptr<gui::Session> tiny_session();

}  // namespace mk::testing
