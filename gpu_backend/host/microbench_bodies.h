// Task bodies, each alone on one thread, through the code that runs them (bodies/task_bodies.h):
// the body_* of microbench.h. Used by microbench.cpp only.
//
// A kind is measured at a few sizes that tell apart what a machine's body has: the fixed time, the
// time a KiB of activations, the arithmetic. Linears and attention run again and again, as the
// tasks of one operator do; small bodies behind a stream that took the caches from them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "gpu_backend/host/microbench_parts.h"

namespace mk::microbench {

// A figure of a kind, one sample a repetition.
struct BodyFigure {
  std::string name{};  // "body_linear_fixed"
  const char* unit = "";
  Samples samples{};
};

// `weight_bytes`: more than the caches hold. Calls `announce` before each kind. Errors: no memory.
[[nodiscard]] Result<std::vector<BodyFigure>> bodies(
    std::uint64_t weight_bytes, std::uint32_t repetitions,
    const std::function<void(std::string_view)>& announce);

}  // namespace mk::microbench
