// A real run on host threads: weights into memory, the prompt through the graph, greedy tokens out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/policy.h"
#include "core/record.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "core/tensor.h"
#include "experiments/cli/console.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/model_memory.h"
#include "gpu_backend/host/raw_run.h"
#include "gpu_backend/host/run_options.h"
#include "profiler/capture/run_capture.h"

namespace mk::cli {

struct HostRun {
  std::shared_ptr<const TaskGraph> graph{};
  std::string weights{};  // file or folder of safetensors, or "synthetic"
  std::uint64_t seed = 1;
  DType dtype = DType::kBf16;
  DecodeOptions decode{};
  HostRunOptions run{};
};

struct HostRunResult {
  DecodeResult decoded{};
  RunRecord record{};
  std::shared_ptr<RawRun> raw{};  // of a GPU, where it was asked for
  Bytes memory{};                 // allocated
  double load_seconds = 0;        // to fill it with weights
  double streamed_bytes = 0;      // weights and KV read by the iterations, in this run's type
  // Of all iterations, also those that the record does not hold:
  std::vector<double> iteration_us{};
  double makespan_us = 0;
  std::optional<capture::RunCapture> captured{};  // what CUPTI saw of it, where it was asked
};

// What both backends do: fills the memory, saying on console.err what takes long; returns the
// seconds it took. Errors: those of WeightProvider and ModelMemory.
Result<double> fill_weights(const HostRun& what, ModelMemory& memory, Console& console);

// Weights and KV that iterations in these states read, in the run's type.
double streamed_bytes(const HostRun& what, const std::vector<IterationState>& states);

// Says on console.err what takes long. Errors: those of ModelMemory, WeightProvider, Decoder and
// run_on_threads.
Result<HostRunResult> run_on_host(const HostRun& what, Console& console);

}  // namespace mk::cli
