// A simulation from inside the viewer: what to simulate, and the trace that comes of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/policy.h"
#include "core/result.h"
#include "traces/trace.h"

namespace mk::gui {

struct PredictionRequest {
  std::string model = "qwen3-8b";    // built-in name or path
  std::string machine = "h100-sxm";  // built-in name or path
  PolicyKind policy = PolicyKind::kHybrid;
  Placement placement = Placement::kRoundRobin;
  std::uint32_t workers = 0;     // 0: the machine's
  std::uint32_t schedulers = 0;  // with workers 0: the machine's
  std::uint32_t iterations = 2;
  std::uint32_t context = 1024;
  std::uint64_t seed = 1;
};

struct Prediction {
  std::string name{};  // "qwen3-8b hybrid 128+16"
  std::shared_ptr<const Trace> trace{};
};

// Compiles, simulates and keeps the record. Errors are those of the steps, with the numbers. Any
// number of threads may predict at once. `progress` hears which part is done, 0 .. 1; where it
// answers false the prediction ends with "interrupted".
Result<Prediction> predict(const PredictionRequest& request,
                           const std::function<bool(double part)>& progress = {});

}  // namespace mk::gui
