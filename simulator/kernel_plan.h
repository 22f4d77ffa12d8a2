// Which operators a library runs as one kernel, or as several: data, for the kernel-per-operator
// baselines.
//
// As text, kernels apart by blanks or new lines, `#` before what is for people:
//
//   gate_up+silu_mul        # one kernel
//   down:0.85               # reaches 85 % of the achieved bandwidth
//   attention*3:0.5         # three kernels
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

// Operators that follow one another and make one kernel, e.g. gate_up and silu_mul of each layer;
// or several, where a library has kernels of its own for what the graph has inside an operator
// (rotary embedding, KV append): those do nothing but start and end, before the one that does the
// work.
struct KernelGroup {
  std::vector<std::string> operators{};  // names, in program order; at least one
  std::optional<double>
      bandwidth_share{};      // that it achieves; none: what its body does as a kernel
  std::uint32_t kernels = 1;  // at least
  friend bool operator==(const KernelGroup&, const KernelGroup&) = default;
};

// Operators that stand in no group are kernels of their own.
struct KernelPlan {
  std::vector<KernelGroup> groups{};
  friend bool operator==(const KernelPlan&, const KernelPlan&) = default;
};

// Adds what one "gate_up+silu_mul", "attention*3" or "down:0.85" says. Usage iff a name is empty or
// stands in a group already, the share is not in (0, 1], or the kernels are not 1 to 64.
Status add_kernel_group(KernelPlan& plan, std::string_view text);

// A whole list. Usage as add_kernel_group's.
Result<KernelPlan> kernel_plan_from_text(std::string_view text);

// The plan on one line, as kernel_plan_from_text() takes it.
std::string to_text(const KernelPlan& plan);

// InvalidInput, naming it, iff an operator of the plan is none of the graph's.
Status check_kernel_plan(const KernelPlan& plan, const TaskGraph& graph);

}  // namespace mk
