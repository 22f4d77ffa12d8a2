// Which operators a library runs as one kernel: data, for the kernel-per-operator baselines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk {

// Operators that follow one another and make one kernel, e.g. gate_up and silu_mul of each layer.
struct KernelGroup {
  std::vector<std::string> operators{};  // names, in program order; at least one
  std::optional<double>
      bandwidth_share{};  // that it achieves; none: what its body does as a kernel
  friend bool operator==(const KernelGroup&, const KernelGroup&) = default;
};

// Operators that stand in no group are kernels of their own.
struct KernelPlan {
  std::vector<KernelGroup> groups{};
  friend bool operator==(const KernelPlan&, const KernelPlan&) = default;
};

// Adds what one "gate_up+silu_mul" or "down:0.85" says. Usage iff a name is empty or stands in a
// group already, or the share is not in (0, 1].
Status add_kernel_group(KernelPlan& plan, std::string_view text);

}  // namespace mk
