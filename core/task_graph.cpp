#include "core/task_graph.h"

#include "core/check.h"
#include "core/task_name.h"

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
  TaskNameParts parts{.op = op.name,
                      .layer = op.layer,
                      .kind = tasks_.kind[task.index],
                      .task = task.index,
                      .tile = tasks_.tile[task.index],
                      .peer = class_of(task).peer};
  if (info_.devices > 1) parts.device = op.device;
  return mk::task_name(parts);
}

bool operator==(const TaskGraph& a, const TaskGraph& b) {
  return a.hash_ == b.hash_ && a.tiles_ == b.tiles_ && a.info_ == b.info_ &&
         a.tensors_ == b.tensors_ && a.operators_ == b.operators_ && a.classes_ == b.classes_ &&
         a.tasks_ == b.tasks_ && a.events_ == b.events_;
}

}  // namespace mk
