// ModelMemory: the tensors of one task graph in the memory of the host, and the weights in them; of
// a graph for several devices those of all.
//
// Weights and KV cache have the run's type (bf16 or f32), activations are float and token ids int32
// whatever type the graph names. Every tensor begins on a multiple of 64 bytes. Rows of bf16
// matrices are paired: see bodies/paired_rows.h.
//
//   Result<ModelMemory> memory = ModelMemory::allocate(graph, {.dtype = DType::kBf16});
//   Status filled = memory->fill_weights(provider, 2);
//
// One run at a time uses a ModelMemory; its threads are ordered by the graph's events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/check.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "gpu_backend/host/bodies/bf16.h"
#include "gpu_backend/host/bodies/host_arena.h"
#include "gpu_backend/weights/weight_source.h"

namespace mk {

struct ModelMemoryOptions {
  DType dtype = DType::kF32;     // of weights and KV cache: kF32 or kBf16
  std::optional<Bytes> limit{};  // refuse more than this; none: what the machine has free
};

class ModelMemory {
 public:
  // All zero. kUnsupported where tensors need more than the limit (the message has both numbers),
  // and for another dtype.
  [[nodiscard]] static Result<ModelMemory> allocate(std::shared_ptr<const TaskGraph> graph,
                                                    const ModelMemoryOptions& options);

  // Reads every weight as its WeightSource says, on that many threads. bf16 into bf16 and anything
  // into f32 is exact, else rounded to nearest even. Errors name the tensor: as
  // WeightProvider::tensor, as WeightRows::of.
  [[nodiscard]] Status fill_weights(const WeightProvider& provider, std::uint32_t threads);

  const TaskGraph& graph() const { return *graph_; }
  std::shared_ptr<const TaskGraph> shared_graph() const { return graph_; }
  DType dtype() const { return dtype_; }
  // The tensor's type in this memory: dtype() for weights and KV, else kF32 or kI32.
  DType type_of(TensorId tensor) const;
  Bytes bytes() const { return bytes_; }
  // Of bytes() that stand in one piece, the tensors in the graph's order.
  const std::byte* first_byte() const { return arena_.data(); }

  // Requires: T is the tensor's type here (float, Bf16, std::int32_t).
  template <typename T>
  T* data(TensorId tensor) const;
  std::span<const std::byte> bytes_of(TensorId tensor) const;
  std::span<std::byte> mutable_bytes_of(TensorId tensor) const;

 private:
  ModelMemory(std::shared_ptr<const TaskGraph> graph, DType dtype)
      : graph_(std::move(graph)), dtype_(dtype) {}

  std::shared_ptr<const TaskGraph> graph_;
  DType dtype_;
  Bytes bytes_{};
  HostArena arena_{};
  std::vector<std::size_t> offset_{};  // by tensor
};

template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, Bf16>) return DType::kBf16;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::kI32;
}

template <typename T>
T* ModelMemory::data(TensorId tensor) const {
  MK_CHECK(type_of(tensor) == dtype_of<T>(), "a tensor is read as the type it has");
  return reinterpret_cast<T*>(arena_.data() + offset_[tensor.index]);
}

}  // namespace mk
