// The file of a compiled TaskGraph (`compile -o GRAPH`): binary, versioned, checked.
//
//   8 bytes   "MKGRAPH\n"
//   u32       format version (kTaskGraphFileVersion), little endian as everything below
//   u32       length of the JSON header
//   u64       FNV-1a of everything that follows this field
//   JSON      info, tensors, operators, classes, column lengths
//   columns   tasks: op, tile, dependent_event, triggering_event, task_class (u32 each), kind,
//   label (u8 each);
//             events: trigger_count, first_task, end_task (u32 each), device (u8)
// Reads back equal. Truncated, altered, foreign and newer files are refused with file, place and
// reason; what is read is checked against the invariants of task_graph.h before anything runs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

inline constexpr std::uint32_t kTaskGraphFileVersion = 2;

// Written to a temporary name beside `path` and renamed when whole.
Status write_task_graph(const TaskGraph& graph, const std::string& path);
Result<TaskGraph> read_task_graph(const std::string& path);

// The same as bytes, for files that hold a graph among other things.
std::string task_graph_bytes(const TaskGraph& graph);
Result<TaskGraph> task_graph_from(std::string_view bytes);

// Does the file begin like a compiled graph? False also when it cannot be read.
bool is_task_graph_file(const std::string& path);

}  // namespace mk
