// Pass "events": one event for a group of ordered task pairs.
//
//   gcd       (the open code's rule) in each dimension that producer and consumer both cut, gcd of
//             their parts; at a fork or join, one event serves all branches. Where granules keep
//             the blocks from lining up, blocks merge until they do, so an event always orders
//             every pair that it must. An event may order pairs whose regions do not overlap.
//   operator  one event between operators: a barrier.
//   exact     an event for each overlapping pair, then successor-set fusion (events that launch the
//             same tasks become one), then predecessor-set fusion (events that the same tasks
//             notify become one). After the first no two events launch a common task, after the
//             second no two are notified by the same tasks: a fixpoint.
//
// An event launches tasks of one device: producers of tasks on several devices notify an event on
// each. Without overlap, every edge from or to a put, or to a reduce, is a barrier.
#pragma once

#include <cstdint>
#include <vector>

#include "core/compiler.h"
#include "core/compiler/dependencies.h"

namespace mk::compiler {

// A task is numbered first_task[operator] + tile.
std::vector<std::uint32_t> first_tasks(const PartitionedGraph& graph);

// What a task waits for, or notifies: nothing (kNoIndex: `begin` or `end`), one event, or a set of
// several (kEventSet | index into `sets`).
inline constexpr std::uint32_t kEventSet = 0x80000000u;

struct EventPlan {
  std::uint32_t events = 0;
  std::vector<std::uint8_t> device{};              // by event: that of the tasks that wait for it
  std::vector<std::uint32_t> waits_for{};          // by task
  std::vector<std::uint32_t> notifies{};           // by task
  std::vector<std::vector<std::uint32_t>> sets{};  // two events or more, ascending
  std::vector<bool> barrier{};   // by edge: each tile of `to` waits for all tiles of `from`
  std::uint64_t task_pairs = 0;  // that the events order
};

EventPlan plan_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                      EventGranularity granularity, bool overlap = true);

// Of these two granularities. `is_barrier`, by edge: ordered as a whole, whatever its tiles touch.
EventPlan plan_family_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                             const std::vector<bool>& is_barrier);
EventPlan plan_exact_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                            const std::vector<bool>& is_barrier);

}  // namespace mk::compiler
