// Which task of one trace is which of another.
//
// Tasks match by iteration and task id where both ran the same graph, else by iteration, operator,
// layer, device and tile where the operator is cut into as many tiles in both; what is left is
// said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace mk::gui {

struct Matching {
  std::vector<std::uint32_t> partner_of_first{};   // by slice of the first; kNoIndex: none
  std::vector<std::uint32_t> partner_of_second{};  // by slice of the second
  std::uint64_t matched = 0;
  std::uint64_t only_first = 0;  // tasks
  std::uint64_t only_second = 0;
  std::vector<std::string> notes{};  // what differs and could not be matched, in words
};

Matching match_tasks(const Trace& first, const Trace& second);

}  // namespace mk::gui
