// Wires and linearises (MPK paper, algorithm 1), and checks every invariant of task_graph.h on the
// way.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/graph_hash.h"
#include "core/task_graph.h"

namespace mk {
namespace {

using Spec = TaskGraphBuilder::TaskSpec;
constexpr std::uint32_t kBeginIndex = 0;
constexpr std::uint32_t kEndIndex = 1;

// What build() works on; the columns grow in task order while it walks.
struct Wiring {
  const std::vector<Spec>& tasks;
  const std::vector<Operator>& operators;
  const std::vector<std::uint8_t>& event_device;
  std::vector<std::uint32_t> trigger_count{};  // by NewEvent
  std::vector<std::uint32_t> first{};          // by NewEvent: into `waiting`; one past the end too
  std::vector<std::uint32_t> waiting{};        // NewTasks by dependent event, in order of add_task
};

std::string name_of_task(const Wiring& w, std::uint32_t task) {
  const Spec& spec = w.tasks[task];
  const Operator& op = w.operators[spec.op.index];
  if (spec.kind == TaskKind::kEmpty) return fmt::format("{}.empty (task {})", op.name, task);
  const std::string layer = op.layer ? fmt::format("L{}.", *op.layer) : std::string();
  return fmt::format("{}{}[{}] (task {})", layer, op.name, spec.tile, task);
}

Status check_indexes(const std::vector<Spec>& tasks, std::size_t operators, std::size_t classes,
                     std::size_t events) {
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Spec& spec = tasks[t];
    const auto refuse = [&](std::string_view what, std::uint32_t index, std::size_t count) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("task {}: {} {}, but there are {}", t, what, index, count));
    };
    if (spec.op.index >= operators) return refuse("operator", spec.op.index, operators);
    if (spec.task_class >= classes) return refuse("class", spec.task_class, classes);
    if (spec.dependent_event.index >= events || spec.dependent_event.index == kEndIndex)
      return refuse("waits for event", spec.dependent_event.index, events);
    if (spec.triggering_event.index >= events || spec.triggering_event.index == kBeginIndex)
      return refuse("notifies event", spec.triggering_event.index, events);
  }
  return {};
}

Status check_tensors(const std::vector<Operator>& operators, const std::vector<Tensor>& tensors) {
  for (const Tensor& tensor : tensors) {
    if (std::any_of(tensor.shape.extent.begin(), tensor.shape.extent.end(),
                    [](std::int64_t extent) { return extent < 1; }))
      return fail(ErrorCode::kInvalidInput, fmt::format("tensor {}: an empty shape", tensor.name));
  }
  for (const Operator& op : operators) {
    if (op.grid.extent[0] == 0 || op.grid.extent[1] == 0 || op.grid.extent[2] == 0)
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: an empty grid", op.name));
    for (const Access& access : op.accesses) {
      if (access.tensor.index >= tensors.size())
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("{}: tensor {}, but there are {}", op.name, access.tensor.index,
                                tensors.size()));
      for (const DimCut& cut : access.cut) {
        if (cut.axis >= 3 || cut.granule < 1)
          return fail(ErrorCode::kInvalidInput,
                      fmt::format("{}: axis {}, granule {}", op.name, cut.axis, cut.granule));
      }
    }
  }
  return {};
}

// Tiles are in range; under kEachOnce, each tile of each operator occurs exactly once.
Status check_tiles(const Wiring& w, TaskGraphBuilder::OperatorTiles rule) {
  std::vector<std::size_t> first(w.operators.size() + 1, 0);
  for (std::size_t o = 0; o < w.operators.size(); ++o)
    first[o + 1] = first[o] + w.operators[o].grid.tiles();
  std::vector<bool> seen(rule == TaskGraphBuilder::OperatorTiles::kEachOnce ? first.back() : 0);
  for (std::uint32_t t = 0; t < w.tasks.size(); ++t) {
    const Spec& spec = w.tasks[t];
    if (spec.tile >= w.operators[spec.op.index].grid.tiles())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: the operator has {} tiles", name_of_task(w, t),
                              w.operators[spec.op.index].grid.tiles()));
    if (seen.empty() || spec.kind == TaskKind::kEmpty) continue;
    const std::size_t at = first[spec.op.index] + spec.tile;
    if (seen[at])
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: a second task for this tile", name_of_task(w, t)));
    seen[at] = true;
  }
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return {};
  const auto at = static_cast<std::size_t>(missing - seen.begin());
  const auto op = static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), at) -
                                           first.begin() - 1);
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{}: no task for tile {}", w.operators[op].name, at - first[op]));
}

void count_and_group(Wiring& w, std::size_t events) {
  w.trigger_count.assign(events, 0);
  w.first.assign(events + 1, 0);
  for (const Spec& spec : w.tasks) {
    ++w.trigger_count[spec.triggering_event.index];
    ++w.first[spec.dependent_event.index + 1];
  }
  std::partial_sum(w.first.begin(), w.first.end(), w.first.begin());
  std::vector<std::uint32_t> next(w.first.begin(), w.first.end() - 1);
  w.waiting.resize(w.tasks.size());
  for (std::uint32_t t = 0; t < w.tasks.size(); ++t)
    w.waiting[next[w.tasks[t].dependent_event.index]++] = t;
  w.trigger_count[kBeginIndex] = 1;  // the runtime notifies it
}

Status check_events(const Wiring& w) {
  for (std::uint32_t e = 0; e < w.trigger_count.size(); ++e) {
    if (w.trigger_count[e] == 0)
      return fail(ErrorCode::kInvalidInput, fmt::format("event {}: no task notifies it", e));
    if (e != kEndIndex && w.first[e] == w.first[e + 1])
      return fail(ErrorCode::kInvalidInput, fmt::format("event {}: no task waits for it", e));
    if (e == kBeginIndex) continue;
    for (std::uint32_t i = w.first[e]; i < w.first[e + 1]; ++i) {
      const std::uint8_t device = w.operators[w.tasks[w.waiting[i]].op.index].device;
      if (device != w.event_device[e])
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("{}: runs on device {}, its event {} is on device {}",
                                name_of_task(w, w.waiting[i]), device, e, w.event_device[e]));
    }
  }
  return {};
}

void sort_begin_by_device(Wiring& w) {
  std::stable_sort(w.waiting.begin(), w.waiting.begin() + w.first[kBeginIndex + 1],
                   [&](std::uint32_t a, std::uint32_t b) {
                     return w.operators[w.tasks[a].op.index].device <
                            w.operators[w.tasks[b].op.index].device;
                   });
}

struct Order {
  std::vector<std::uint32_t> tasks{};     // NewTask at each place
  std::vector<std::uint32_t> events{};    // NewEvent at each place; incomplete iff there is a cycle
  std::vector<std::uint32_t> event_at{};  // place of each NewEvent, kNoIndex: never activated
};

// Algorithm 1 of the paper: an event is visited once all tasks that notify it stand in the order.
Order linearise(const Wiring& w) {
  Order order;
  order.event_at.assign(w.trigger_count.size(), kNoIndex);
  order.tasks.reserve(w.tasks.size());
  order.events.reserve(w.trigger_count.size());
  std::vector<std::uint32_t> missing = w.trigger_count;
  order.events.push_back(kBeginIndex);
  order.event_at[kBeginIndex] = 0;
  for (std::size_t at = 0; at < order.events.size(); ++at) {
    const std::uint32_t event = order.events[at];
    for (std::uint32_t i = w.first[event]; i < w.first[event + 1]; ++i) {
      order.tasks.push_back(w.waiting[i]);
      const std::uint32_t next = w.tasks[w.waiting[i]].triggering_event.index;
      if (--missing[next] != 0) continue;
      order.event_at[next] = static_cast<std::uint32_t>(order.events.size());
      order.events.push_back(next);
    }
  }
  return order;
}

// Walks back from a task that never becomes ready until one repeats.
Error cycle_error(const Wiring& w, const Order& order) {
  std::vector<std::uint32_t> waits_for(w.trigger_count.size(), kNoIndex);  // a blocked producer
  for (std::uint32_t t = 0; t < w.tasks.size(); ++t) {
    if (order.event_at[w.tasks[t].dependent_event.index] == kNoIndex)
      waits_for[w.tasks[t].triggering_event.index] = t;
  }
  const auto blocked = std::find(order.event_at.begin(), order.event_at.end(), kNoIndex);
  auto event = static_cast<std::uint32_t>(blocked - order.event_at.begin());
  std::vector<bool> seen(w.trigger_count.size());
  while (!seen[event]) {
    seen[event] = true;
    event = w.tasks[waits_for[event]].dependent_event.index;
  }
  std::string path;
  const std::uint32_t start = event;
  do {
    const std::uint32_t task = waits_for[event];
    path +=
        fmt::format("{}event {} <- {}", path.empty() ? "" : " <- ", event, name_of_task(w, task));
    event = w.tasks[task].dependent_event.index;
  } while (event != start && path.size() < 400);
  return {ErrorCode::kInvalidInput, "tasks wait for each other: " + path};
}

TaskColumns task_columns(const Wiring& w, const Order& order) {
  TaskColumns c;
  const auto fill = [&](auto& column, auto value_of) {
    column.reserve(order.tasks.size());
    for (const std::uint32_t task : order.tasks) column.push_back(value_of(w.tasks[task]));
  };
  fill(c.op, [](const Spec& s) { return s.op.index; });
  fill(c.tile, [](const Spec& s) { return s.tile; });
  fill(c.dependent_event, [&](const Spec& s) { return order.event_at[s.dependent_event.index]; });
  fill(c.triggering_event, [&](const Spec& s) { return order.event_at[s.triggering_event.index]; });
  fill(c.task_class, [](const Spec& s) { return s.task_class; });
  fill(c.kind, [](const Spec& s) { return s.kind; });
  fill(c.label, [](const Spec& s) { return s.label; });
  return c;
}

EventColumns event_columns(const Wiring& w, const Order& order) {
  EventColumns c;
  std::uint32_t next_task = 0;
  for (const std::uint32_t event : order.events) {
    c.trigger_count.push_back(w.trigger_count[event]);
    c.first_task.push_back(next_task);
    next_task += w.first[event + 1] - w.first[event];
    c.end_task.push_back(next_task);
    c.device.push_back(w.event_device[event]);
  }
  return c;
}

}  // namespace

TaskGraphBuilder::TaskGraphBuilder(GraphInfo info, OperatorTiles tiles)
    : info_(std::move(info)), tiles_(tiles), event_device_{0, 0} {}

TensorId TaskGraphBuilder::add_tensor(Tensor tensor) {
  tensors_.push_back(std::move(tensor));
  return TensorId(static_cast<std::uint32_t>(tensors_.size() - 1));
}

OperatorId TaskGraphBuilder::add_operator(Operator op) {
  operators_.push_back(std::move(op));
  return OperatorId(static_cast<std::uint32_t>(operators_.size() - 1));
}

std::uint32_t TaskGraphBuilder::add_class(TaskClass task_class) {
  classes_.push_back(std::move(task_class));
  return static_cast<std::uint32_t>(classes_.size() - 1);
}

TaskGraphBuilder::NewEvent TaskGraphBuilder::add_event(std::uint8_t device) {
  event_device_.push_back(device);
  return NewEvent(static_cast<std::uint32_t>(event_device_.size() - 1));
}

TaskGraphBuilder::NewTask TaskGraphBuilder::add_task(const TaskSpec& spec) {
  tasks_.push_back(spec);
  return NewTask(static_cast<std::uint32_t>(tasks_.size() - 1));
}

void TaskGraphBuilder::reserve(std::size_t tasks, std::size_t events) {
  tasks_.reserve(tasks);
  event_device_.reserve(events + 2);
}

Result<TaskGraph> TaskGraphBuilder::build() && {
  if (tasks_.empty()) return fail(ErrorCode::kInvalidInput, "a task graph without tasks");
  Wiring w{tasks_, operators_, event_device_};
  if (auto s = check_tensors(operators_, tensors_); !s) return tl::unexpected(s.error());
  if (auto s = check_indexes(tasks_, operators_.size(), classes_.size(), event_device_.size()); !s)
    return tl::unexpected(s.error());
  if (auto s = check_tiles(w, tiles_); !s) return tl::unexpected(s.error());
  count_and_group(w, event_device_.size());
  if (auto s = check_events(w); !s) return tl::unexpected(s.error());
  sort_begin_by_device(w);
  const Order order = linearise(w);
  if (order.events.size() != event_device_.size()) return tl::unexpected(cycle_error(w, order));

  TaskGraph graph;
  graph.tasks_ = task_columns(w, order);
  graph.events_ = event_columns(w, order);
  graph.tiles_ = tiles_;
  graph.info_ = std::move(info_);
  graph.tensors_ = std::move(tensors_);
  graph.operators_ = std::move(operators_);
  graph.classes_ = std::move(classes_);
  Fnv1a hash;
  graph_fields::add_to(hash, graph.info_);
  graph_fields::add_to(hash, graph.tensors_);
  graph_fields::add_to(hash, graph.operators_);
  graph_fields::add_to(hash, graph.classes_);
  graph_fields::add_to(hash, graph.tasks_);
  graph_fields::add_to(hash, graph.events_);
  hash.add(graph.tiles_);
  graph.hash_ = hash.value();
  return graph;
}

}  // namespace mk
