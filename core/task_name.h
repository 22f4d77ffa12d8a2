// The name of a task for people, the same in graphs and in traces: "L3.qkv[17]", "lm_head[4]"; of
// several devices "L3.qkv[17]@2", a put to device 3 "L3.down_put[5]@2>3"; a task that joins or
// forks events "L3.down_reduce.empty812", by its number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/task_kind.h"

namespace mk {

struct TaskNameParts {
  std::string_view op{};
  std::optional<std::uint32_t> layer{};
  TaskKind kind = TaskKind::kEmpty;
  std::uint32_t task = 0;
  std::uint32_t tile = 0;
  std::optional<std::uint8_t> device{};  // where the graph has several
  std::optional<std::uint8_t> peer{};    // that it sends to
};

std::string task_name(const TaskNameParts& parts);

}  // namespace mk
