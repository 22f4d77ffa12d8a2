// One task body, alone on this thread, through the code that runs it (bodies/task_bodies.h). Used
// by microbench_bodies.cpp only.
//
// It is the task of an operator of a tiny graph, so that its flops and activation bytes are those
// that the compiler gives to such a task's class.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/computation_graph_builder.h"
#include "gpu_backend/host/bodies/task_bodies.h"
#include "gpu_backend/host/microbench_fit.h"

namespace mk::microbench {

// What is measured of a kind at one size.
struct BodySize {
  std::uint32_t tokens = 1;
  std::uint32_t context = 1;                              // with the new tokens
  std::function<void(ComputationGraphBuilder&)> build{};  // the operator, and what it reads
  std::map<std::string, std::uint32_t> tasks_of{};        // of operators that are not one task
};

class OneBody {
 public:
  // Errors: no memory. Requires: the graph is well formed, its tasks of that kind are of one size.
  [[nodiscard]] static Result<OneBody> make(TaskKind kind, const BodySize& size);

  // Its amounts, and the mean time of run after run, in turn of each task of its kind.
  BodyPoint repeated();

  // The same of runs that find nothing of what they need in the first caches, since as many words
  // as those hold were read before each: as behind a linear that has streamed its weights through
  // them.
  BodyPoint behind(std::span<const std::uint64_t> words);

  double weight_bytes() const { return weight_bytes_; }

 private:
  explicit OneBody(ModelMemory memory)
      : memory_(std::make_unique<ModelMemory>(std::move(memory))) {}

  void bind(TaskKind kind, const BodySize& size);
  void find_rows();
  void run_once();

  std::unique_ptr<ModelMemory> memory_;
  std::unique_ptr<TaskBodies> bodies_{};
  std::vector<TaskId> tasks_{};
  std::size_t next_ = 0;
  BodyPoint amounts_{};
  double weight_bytes_ = 0;
  std::span<std::int32_t> ids_{};  // that an embedding reads
  std::uint32_t rows_ = 1;         // of its table
  std::uint32_t row_ = 0;
  std::uint32_t runs_ = 1;  // a repetition
};

}  // namespace mk::microbench
