// The ranges that a machine's sources leave open, as things to vary.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "core/policy.h"
#include "core/task_kind.h"

namespace mk {

struct OpenNumber {
  std::string path{};
  double low = 0;
  double high = 0;
};

using TaskKinds = std::bitset<kTaskKindCount>;

// Numbers with low < high that can matter to a graph with tasks of these kinds. Splits and
// capacities, which are choices and not measurements, are not among them.
std::vector<OpenNumber> open_numbers(const Machine& machine, const TaskKinds& kinds);

// Whether the number can matter under the policy: kernels have no queues and no iteration's end, a
// megakernel no launches and no library's all-reduce.
bool may_matter_under(PolicyKind policy, std::string_view path);

// The machine with all open numbers drawn at once: each lies, evenly, between its value and one of
// its ends; the points of the memory's curve move together. The same `draw`, the same machine.
Machine draw_machine(const Machine& machine, std::uint64_t draw);

}  // namespace mk
