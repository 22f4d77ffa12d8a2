// The compiler: computation graph -> task graph, as the MPK paper describes it (section 4), pass by
// pass.
//
//   partition     choose each operator's grid
//   decompose     operators -> tasks, regions
//   dependencies  which task pairs must be ordered (RAW, WAR, WAW), below kernel level
//   events        one event a group of pairs (gcd | exact + fusion | operator)
//   normalise     one dependent and one triggering event a task, empty tasks where needed
//   label         JIT / AOT
//   linearise     task order, launch ranges (TaskGraphBuilder)
// Each pass is a function of its own in core/compiler/*.h that can be called, printed and tested
// alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/computation_graph.h"
#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

enum class Partition : std::uint8_t { kMpk, kBalanced };
enum class EventGranularity : std::uint8_t { kGcd, kExact, kOperator };

// As flags and GraphInfo spell them: "mpk", "gcd", "norm-linear" ...
std::string_view name_of(Partition partition);
std::string_view name_of(EventGranularity events);
std::string_view name_of(OperatorFusion fusion);
std::optional<OperatorFusion> fusion_from_name(std::string_view name);

struct CompileOptions {
  Partition partition = Partition::kMpk;
  EventGranularity events = EventGranularity::kGcd;
  OperatorFusion fusion = OperatorFusion::kNone;
  std::uint32_t workers = 128;  // for grids that depend on it
  std::uint32_t context = 1024;
  bool overlap = true;  // false: an all-reduce waits for all of its input, and is waited for, as a
                        // whole (one event), as if it were a kernel of its own
  std::map<std::string, std::uint32_t> tasks_of{};  // --set OPERATOR.tasks=N
};

// The paper's Table 2 and what follows from it (counting rules: facts/mpk.md 1.3).
struct CompileStatistics {
  std::uint64_t operators = 0;
  std::uint64_t tasks = 0;   // without terminate and begin
  std::uint64_t events = 0;  // with termination, begin and end
  double tasks_per_operator = 0;
  std::uint64_t task_pairs = 0;   // ordered pairs, each task's pair with begin included
  double event_fusion_ratio = 0;  // task_pairs / events
  std::uint64_t successor_bytes_before = 0;
  std::uint64_t successor_bytes_after = 0;
  double linearization_ratio = 0;
  std::uint64_t dummy_tasks = 0;
  double compile_seconds = 0;                 // wall time: not deterministic
  std::vector<std::string> operator_names{};  // distinct, in program order: what --set names
};

struct Compiled {
  TaskGraph graph;
  CompileStatistics statistics{};
};

// InvalidInput names the operator or flag: unknown --set operator, more tasks than its axis has
// parts, a cycle.
Result<Compiled> compile(const ComputationGraph& graph, const CompileOptions& options);

// Everything in one call, as `megascope compile MODEL` does it.
Result<Compiled> compile_model(const ModelConfig& model, const StepShape& shape,
                               const CompileOptions& options);

}  // namespace mk
