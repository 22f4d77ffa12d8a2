// Pass "costs": what the tasks of an operator move and compute, as amounts of an iteration's state.
//
// Weights are counted where they are streamed from HBM: rows of matrices. Norm weights, embedding
// rows and activations live in L2 and count as activation bytes. Amounts that grow with the live
// tokens are terms of them, except where a tile is one token's row. Flops: a multiply-add is 2, an
// exponential 1. Split-KV attention counts as if each request had one new token.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "core/compiler/partition.h"
#include "core/task_graph.h"

namespace mk::compiler {

class TaskClasses {
 public:
  explicit TaskClasses(const PartitionedGraph& graph);

  // The class of each tile of operator `op`.
  std::vector<std::uint32_t> of_operator(std::uint32_t op);
  // The class of tasks that do nothing.
  std::uint32_t empty_class() const { return 0; }
  std::vector<TaskClass> take() && { return std::move(classes_); }

 private:
  std::uint32_t intern(const TaskClass& task_class);

  const PartitionedGraph& graph_;
  std::vector<TaskClass> classes_{};
  std::map<std::uint64_t, std::vector<std::uint32_t>> by_hash_{};
  std::vector<std::uint32_t> first_expert_group_{};  // by operator: see IterationState
};

}  // namespace mk::compiler
