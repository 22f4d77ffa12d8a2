// A task graph's operators as a Graphviz graph (`compile --dot`): a node an operator with its tasks
// and label, an edge where tasks of one notify events that launch tasks of another, with the number
// of events. Empty tasks belong to the operator that they were made for.
#pragma once

#include <string>

#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

// The same graph gives the same text.
std::string to_dot(const TaskGraph& graph);

Status write_dot(const TaskGraph& graph, const std::string& path);

}  // namespace mk
