#include "core/task_graph.h"

#include <fmt/format.h>

#include "core/check.h"

namespace mk {

std::vector<Region> TaskGraph::regions(TaskId task) const {
  MK_CHECK(task.index < task_count(), "a task of this graph");
  std::vector<Region> regions;
  if (tasks_.kind[task.index] == TaskKind::kEmpty) return regions;
  const Operator& op = op_of(task);
  regions.reserve(op.accesses.size());
  for (const Access& access : op.accesses) {
    const Tensor& tensor = tensors_[access.tensor.index];
    regions.push_back(region_of(op, access, tensor, tasks_.tile[task.index]));
  }
  return regions;
}

std::string TaskGraph::task_name(TaskId task) const {
  MK_CHECK(task.index < task_count(), "a task of this graph");
  const Operator& op = op_of(task);
  const std::string layer = op.layer ? fmt::format("L{}.", *op.layer) : std::string();
  std::string where;
  if (info_.devices > 1) where = fmt::format("@{}", op.device);
  if (const auto peer = class_of(task).peer; peer) where += fmt::format(">{}", *peer);
  if (tasks_.kind[task.index] == TaskKind::kEmpty) {
    return fmt::format("{}{}.empty{}{}", layer, op.name, task.index, where);
  }
  return fmt::format("{}{}[{}]{}", layer, op.name, tasks_.tile[task.index], where);
}

bool operator==(const TaskGraph& a, const TaskGraph& b) {
  return a.hash_ == b.hash_ && a.tiles_ == b.tiles_ && a.info_ == b.info_ &&
         a.tensors_ == b.tensors_ && a.operators_ == b.operators_ && a.classes_ == b.classes_ &&
         a.tasks_ == b.tasks_ && a.events_ == b.events_;
}

}  // namespace mk
