// The argument GRAPH|MODEL: a file that `compile` wrote, or a model that is compiled on the spot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/model.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "experiments/cli/compile_flags.h"

namespace mk::cli {

struct GraphFlags {
  std::string argument{};
  std::uint32_t partition_workers = 0;  // 0: the run's workers
  CompileFlags compile{};
};

// Declares GRAPH|MODEL, compile's flags under a heading of their own, and --partition-workers.
void declare_graph_argument(Flags& parser, GraphFlags& flags);

struct GraphOrModel {
  std::shared_ptr<const TaskGraph> graph{};  // set iff the argument was a GRAPH
  std::optional<ModelConfig> model{};        // set iff it was a MODEL
};

// kUsage where compile's flags stand beside a GRAPH, which is compiled already.
Result<GraphOrModel> open_graph_or_model(const GraphFlags& flags);

// The graph that a run on `workers` workers takes: the GRAPH, or the MODEL compiled for them with
// a KV cache of at least `least_positions`.
Result<std::shared_ptr<const TaskGraph>> graph_for(const GraphOrModel& source,
                                                   const GraphFlags& flags, std::uint32_t workers,
                                                   std::uint32_t least_positions = 0);

}  // namespace mk::cli
