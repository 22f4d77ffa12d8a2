// TaskGraph: what one iteration executes. The compiler makes it, the simulator and both backends
// run it, traces carry it.
//
// Words: a task *waits for* its dependent event and *notifies* its triggering event; an event is
// *activated* once it has got trigger_count notifications, and launches the tasks
// [first_task, end_task), which all wait for it.
//
// Invariants, which TaskGraphBuilder::build() establishes and nothing can break:
//   (1) Tasks stand in linearised order: the tasks that one event launches are neighbours, the
//       ranges of the events partition the tasks, and every task comes after all tasks that notify
//       its dependent event. So the task order is a topological order.
//   (2) Each task has exactly one dependent and one triggering event. Event 0 is `begin`: it
//       launches the tasks that wait for nothing; its trigger_count is 1, and the runtime itself
//       notifies it, once an iteration, when the iteration may start. The last event is `end`: it
//       launches nothing, every task that no other task waits for notifies it, and its activation
//       ends the iteration, on all devices.
//   (3) trigger_count of any other event = number of tasks that notify it, at least 1. Remote
//       arrivals are tasks too: a kReduce waits for the kPut of each peer.
//   (4) Every operator, tensor, class and event index in a column is in range; tile < grid.tiles()
//       of its operator, and each tile of each operator occurs exactly once among the tasks that
//       are not kEmpty, unless the builder was told kAny (synthetic graphs).
//   (5) All tasks that an event other than `begin` launches are on that event's device; the tasks
//   of
//       `begin` are sorted by device.
//
// Columns, not objects: plain integers in task order, so that loops over a million tasks stream.
// Ids that leave this header are typed. Immutable after build(): any number of threads may read one
// graph at once. Share it as shared_ptr<const TaskGraph>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/iteration_state.h"
#include "core/operator.h"
#include "core/result.h"
#include "core/task_kind.h"
#include "core/tensor.h"
#include "core/units.h"

namespace mk {

using TaskId = Id<struct TaskTag>;
using EventId = Id<struct EventTag>;

enum class LaunchLabel : std::uint8_t {
  kAot,  // may be placed on a worker before it is ready, and waits there
  kJit,  // is placed by a scheduler when its event is activated (under the policies that have
         // schedulers)
};

// What tasks of one operator and one tile size have in common. A few rows serve many tasks.
struct TaskClass {
  Amount weight_bytes{};      // streamed from HBM, once
  Amount activation_bytes{};  // read and written, L2 resident
  Amount kv_bytes{};          // read from the KV cache
  Amount flops{};
  Amount bytes_sent{};                 // to `peer`, communication tasks only
  std::optional<std::uint8_t> peer{};  // device
  std::int64_t preload_bytes =
      0;  // that may be requested before the dependent event is activated: weights only
  std::vector<std::uint16_t>
      page_release_step{};  // one entry a shared-memory page: the task's step (0 .. 255, monotone)
                            // that releases it; empty: the whole memory until the end
  friend bool operator==(const TaskClass&, const TaskClass&) = default;
};

// Columns in task order. All vectors have task_count() entries.
struct TaskColumns {
  std::vector<std::uint32_t>
      op{};  // Id<Operator>; an empty task carries that of the task it was made for
  std::vector<std::uint32_t> tile{};              // tile index in the operator's grid; 0 for kEmpty
  std::vector<std::uint32_t> dependent_event{};   // EventId
  std::vector<std::uint32_t> triggering_event{};  // EventId
  std::vector<std::uint32_t> task_class{};        // index into classes()
  std::vector<TaskKind> kind{};
  std::vector<LaunchLabel> label{};
  friend bool operator==(const TaskColumns&, const TaskColumns&) = default;
};

// Columns in event order. All vectors have event_count() entries.
struct EventColumns {
  std::vector<std::uint32_t> trigger_count{};
  std::vector<std::uint32_t> first_task{};
  std::vector<std::uint32_t> end_task{};
  std::vector<std::uint8_t> device{};  // that holds the counter
  friend bool operator==(const EventColumns&, const EventColumns&) = default;
};

// How the graph was made: what a run, a trace and a person need besides the columns.
struct GraphInfo {
  std::string model{};             // name or path; "synthetic" for hand-made graphs
  std::string model_config{};      // HF config.json text; empty for hand-made graphs
  std::uint32_t batch_tokens = 1;  // rows of the activations
  std::uint32_t requests = 1;
  std::uint32_t max_context = 0;  // positions a request's KV cache holds
  std::uint32_t context = 0;      // context the costs are usually asked for (compile --context)
  std::uint32_t workers = 0;      // that worker-dependent grids were made for
  std::uint8_t devices = 1;
  std::string partition{};  // "mpk", "balanced"
  std::string events{};     // "gcd", "exact", "operator"; ", no overlap" behind it: see compiler.h
  std::string fusion{};     // "none", "norm-linear", "norm", "norm-gated"
  friend bool operator==(const GraphInfo&, const GraphInfo&) = default;
};

// Whether each tile of each operator must have its task (what the compiler makes), or not
// (synthetic graphs).
enum class OperatorTiles : std::uint8_t { kEachOnce, kAny };

class TaskGraph {
 public:
  const GraphInfo& info() const { return info_; }
  std::span<const Tensor> tensors() const { return tensors_; }
  std::span<const Operator> operators() const { return operators_; }
  std::span<const TaskClass> classes() const { return classes_; }
  const TaskColumns& tasks() const { return tasks_; }
  const EventColumns& events() const { return events_; }

  std::uint32_t task_count() const { return static_cast<std::uint32_t>(tasks_.kind.size()); }
  std::uint32_t event_count() const {
    return static_cast<std::uint32_t>(events_.trigger_count.size());
  }
  EventId begin_event() const { return EventId(0); }
  EventId end_event() const { return EventId(event_count() - 1); }

  const Operator& op_of(TaskId task) const { return operators_[tasks_.op[task.index]]; }
  const TaskClass& class_of(TaskId task) const { return classes_[tasks_.task_class[task.index]]; }

  OperatorTiles operator_tiles() const { return tiles_; }

  // The regions of its tensors that `task` touches, in the order of its operator's accesses. Empty
  // for kEmpty.
  std::vector<Region> regions(TaskId task) const;

  // "L3.qkv[17]", "lm_head[4]"; of several devices "L3.qkv[17]@2", a put to device 3
  // "L3.down_put[5]@2>3": for people.
  std::string task_name(TaskId task) const;

  // FNV-1a over everything above: equal graphs have equal hashes on every machine. Computed once,
  // at build.
  std::uint64_t hash() const { return hash_; }

  friend bool operator==(const TaskGraph& a, const TaskGraph& b);

 private:
  friend class TaskGraphBuilder;
  TaskGraph() = default;

  GraphInfo info_{};
  std::vector<Tensor> tensors_{};
  std::vector<Operator> operators_{};
  std::vector<TaskClass> classes_{};
  TaskColumns tasks_{};
  EventColumns events_{};
  OperatorTiles tiles_ = OperatorTiles::kEachOnce;
  std::uint64_t hash_ = 0;
};

// Wires a graph in any order; build() linearises it (MPK paper, algorithm 1) and checks the
// invariants. The compiler's last pass uses it, and so do tests and synthetic graphs.
class TaskGraphBuilder {
 public:
  using NewTask = Id<struct NewTaskTag>;  // in order of add_task; not the final TaskId
  using NewEvent =
      Id<struct NewEventTag>;  // in order of add_event; `begin` and `end` exist from the start

  struct TaskSpec {
    OperatorId op{};
    TaskKind kind = TaskKind::kEmpty;
    std::uint32_t tile = 0;
    std::uint32_t task_class = 0;
    LaunchLabel label = LaunchLabel::kAot;
    NewEvent dependent_event = kBegin;
    NewEvent triggering_event = kEnd;
  };
  using OperatorTiles = mk::OperatorTiles;

  static constexpr NewEvent kBegin{0};
  static constexpr NewEvent kEnd{1};

  explicit TaskGraphBuilder(GraphInfo info, OperatorTiles tiles = OperatorTiles::kEachOnce);

  TensorId add_tensor(Tensor tensor);
  OperatorId add_operator(Operator op);
  std::uint32_t add_class(
      TaskClass task_class);  // equal rows are not merged: the caller reuses its index
  NewEvent add_event(std::uint8_t device = 0);
  NewTask add_task(const TaskSpec& spec);
  void reserve(std::size_t tasks, std::size_t events);

  // InvalidInput, naming tasks and events, iff an index is out of range, an event other than begin
  // is never notified, an event other than end launches nothing, tasks wait for each other in a
  // cycle, or a tile is missing or doubled. Neighbours keep the order of add_task within one event;
  // events come in the order of algorithm 1.
  [[nodiscard]] Result<TaskGraph> build() &&;

 private:
  GraphInfo info_;
  OperatorTiles tiles_;
  std::vector<Tensor> tensors_{};
  std::vector<Operator> operators_{};
  std::vector<TaskClass> classes_{};
  std::vector<TaskSpec> tasks_{};
  std::vector<std::uint8_t> event_device_{};
};

}  // namespace mk
