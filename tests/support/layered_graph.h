// Synthetic graphs: layers of equal operators, as an LLM decode step has them, and random ones.
#pragma once

#include <cstdint>

#include "core/task_graph.h"

namespace mk::testing {

struct LayeredShape {
  std::uint32_t operators = 4;
  std::uint32_t tasks = 16;  // an operator; a multiple of fan_in
  std::uint32_t fan_in = 8;  // tasks of the operator before that a task waits for
  std::uint64_t seed = 42;
  LaunchLabel label = LaunchLabel::kAot;
};

// 999,936 tasks: the shape of d1m and g1m.
inline constexpr LayeredShape kMillionTasks{3906, 256, 8, 42, LaunchLabel::kAot};

// fan_in consumers share an event that fan_in producers notify: one notification a task (g1m).
TaskGraph grouped_graph(const LayeredShape& shape);

// Each task waits for fan_in random tasks of the operator before, by an event of its own (d1m). A
// task of a TaskGraph notifies one event only, so each task but the last operator's notifies a
// fork event that launches empty tasks, one for each of its consumers: normal form.
TaskGraph dense_graph(const LayeredShape& shape);

// A random graph of about `tasks` tasks, with random labels, events of 1 to 12 triggers and ranges
// of 1 to 20 tasks.
TaskGraph random_graph(std::uint64_t seed, std::uint32_t tasks);

}  // namespace mk::testing
