// GraphSettings: what `--set` says, and the axis "set" of a sweep.
//
//   OPERATOR.tasks=N    tasks of the operators with that name
//   attention.parts=N   parts that each request's KV cache is read in
//   attention.page=N    positions of a page of the KV cache; 0: it is not paged
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/computation_graph.h"
#include "core/result.h"

namespace mk {

struct GraphSettings {
  std::map<std::string, std::uint32_t> tasks_of{};
  std::uint32_t attention_parts = 1;
  std::uint32_t page_positions = 0;

  // What they make of a step's attention over so many positions.
  void apply_to(StepShape& step, std::uint32_t context) const;
};

// The last of several for the same thing counts. Usage names the text; numbers that make no sense
// are left to the compiler.
Result<GraphSettings> parse_graph_settings(std::span<const std::string> texts);

}  // namespace mk
