// TaskBodies: executes the tasks of one graph over the tensors of a ModelMemory.
//
// Each task reads and writes exactly the regions that TaskGraph::regions() names, less the rows of
// tokens that the iteration does not have: rows past its live tokens are neither read nor written.
// execute() may be called from any number of threads at once for tasks that the graph's events
// allow to run together; set_state() only between iterations.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/iteration_state.h"
#include "core/task_graph.h"
#include "gpu_backend/host/bodies/kernels.h"
#include "gpu_backend/host/model_memory.h"

namespace mk {

class TaskBodies {
 public:
  // InvalidInput, naming the operator, iff one has accesses or sizes that its body does not take.
  // `positions`: contexts that attention will see at most. `memory` must outlive this.
  [[nodiscard]] static Result<TaskBodies> bind(const ModelMemory& memory, std::int64_t positions,
                                               const Kernels& kernels = fastest_kernels());

  // Requires: at most batch_tokens live tokens, no context past `positions`.
  void set_state(const IterationState& state);

  // `next`: what this thread will read after the task's weights, for prefetching; may be null.
  void execute(TaskId task, const std::byte* next = nullptr) const;

  // The weights that the task streams, in the order in which it reads them; empty where it streams
  // none, or, as an expert linear, those that the router chooses. They depend on no event.
  std::span<const std::byte> weights_of(TaskId task) const { return weights_[task.index]; }

 private:
  // The rows and columns of an activation that a task touches, rows past the live tokens left out.
  struct Block {
    std::int64_t row = 0;
    std::int64_t rows = 0;
    std::int64_t column = 0;
    std::int64_t columns = 0;
    std::int64_t stride = 0;

    std::int64_t offset() const { return row * stride + column; }
  };

  TaskBodies(const ModelMemory& memory, const Kernels& kernels)
      : memory_(&memory), graph_(&memory.graph()), kernels_(&kernels) {}

  template <typename W>
  void execute_as(const Operator& op, std::uint32_t tile, const std::byte* next) const;
  template <typename W>
  void embedding(const Operator& op, std::uint32_t tile) const;
  template <typename W>
  void rms_norm(const Operator& op, std::uint32_t tile) const;
  template <typename W>
  void linear(const Operator& op, std::uint32_t tile, const std::byte* next) const;
  void silu_mul(const Operator& op, std::uint32_t tile) const;
  void argmax_partial(const Operator& op, std::uint32_t tile) const;
  void argmax_reduce(const Operator& op, std::uint32_t tile) const;
  void put(const Operator& op, std::uint32_t tile) const;
  void reduce(const Operator& op, std::uint32_t tile) const;
  // attention_tasks.cpp
  template <typename W>
  AttentionArgs<W> attention_args(const Operator& op, std::uint32_t tile) const;
  template <typename W>
  void attention(const Operator& op, std::uint32_t tile) const;
  void attention_merge(const Operator& op, std::uint32_t tile) const;
  // expert_tasks.cpp
  void topk_softmax(const Operator& op) const;
  template <typename W>
  void expert_linear(const Operator& op, std::uint32_t tile, const std::byte* next) const;
  void expert_silu_mul(const Operator& op, std::uint32_t tile) const;
  void weighted_sum(const Operator& op, std::uint32_t tile) const;

  const Tensor& tensor_of(const Access& access) const {
    return graph_->tensors()[access.tensor.index];
  }
  Block block_of(const Operator& op, const Access& access, std::uint32_t tile) const;
  Status check(const Operator& op) const;
  void bind_rope(std::int64_t positions);
  void bind_weights();

  const ModelMemory* memory_;
  const TaskGraph* graph_;
  const Kernels* kernels_;
  std::vector<std::vector<float>> rope_tables_{};
  std::vector<std::uint32_t> rope_of_{};               // by operator: index into rope_tables_
  std::vector<std::span<const std::byte>> weights_{};  // by task
  std::int64_t positions_ = 0;
  std::int64_t live_tokens_ = 0;
  std::vector<RequestState> requests_{};
  std::vector<std::int64_t> first_row_{};  // by request
};

}  // namespace mk
