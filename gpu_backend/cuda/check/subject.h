// Subject: one model compiled, with synthetic weights on host and device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/compiler.h"
#include "core/result.h"
#include "gpu_backend/cuda/device_model.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/model_memory.h"

namespace mk::cuda::check {

struct SubjectOptions {
  std::string model{};  // a built-in name, or a config.json's text
  StepShape shape{};
  CompileOptions compile{};
  std::uint64_t seed = 1;
  std::uint32_t threads = 4;  // that make the weights
};

struct Subject {
  std::unique_ptr<ModelMemory> memory{};
  std::unique_ptr<DeviceModel> device{};
  std::uint64_t streamed_bytes = 0;  // weights that one iteration reads

  [[nodiscard]] static Result<Subject> make(const Device& device, const SubjectOptions& options);
  const TaskGraph& graph() const { return memory->graph(); }
};

// Greedy decoding by the host's bodies, task after task in graph order. Leaves the tensors of the
// last iteration in the subject's memory.
Result<DecodeResult> decode_on_host(const Subject& subject, const DecodeOptions& options);

// Largest difference between what lies on the device and on the host, relative to the largest
// value, over the rows that the last iteration computed; by operator name.
struct TensorError {
  std::string operator_name{};
  double error = 0;
  std::uint64_t not_numbers = 0;  // on the device
};
Result<std::vector<TensorError>> compare_tensors(const Subject& subject, std::uint32_t live_rows,
                                                 std::uint32_t context);

// FNV-1a over all activations on the device: equal bits, equal hash.
Result<std::uint64_t> hash_of_activations(const Subject& subject);

}  // namespace mk::cuda::check
