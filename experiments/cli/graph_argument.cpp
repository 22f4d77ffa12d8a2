#include "experiments/cli/graph_argument.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "core/task_graph_file.h"

namespace mk::cli {

void declare_graph_argument(Flags& parser, GraphFlags& flags) {
  parser.argument("GRAPH|MODEL", flags.argument, "what 'compile' wrote, or a model to compile now")
      .required();
  const std::string heading = "where a MODEL is given, as 'compile' takes them";
  declare_compile_flags(parser, flags.compile, heading);
  Flag workers = parser.value("--partition-workers", flags.partition_workers, "N",
                              "workers that grids are made for");
  workers.at_least(1).default_text("--workers").group(heading);
  flags.compile.declared.push_back(workers);
}

Result<GraphOrModel> open_graph_or_model(const GraphFlags& flags) {
  GraphOrModel source;
  if (!is_task_graph_file(flags.argument)) {
    Result<ModelConfig> model = load_model(flags.argument);
    if (!model) return tl::unexpected(model.error());
    source.model = std::move(*model);
    return source;
  }
  if (const std::string given = first_given(flags.compile); !given.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} says how a MODEL is compiled, but {} is a compiled GRAPH", given,
                            flags.argument));
  }
  Result<TaskGraph> graph = read_task_graph(flags.argument);
  if (!graph) return tl::unexpected(graph.error());
  source.graph = std::make_shared<const TaskGraph>(std::move(*graph));
  return source;
}

Result<std::shared_ptr<const TaskGraph>> graph_for(const GraphOrModel& source,
                                                   const GraphFlags& flags, std::uint32_t workers,
                                                   std::uint32_t least_positions) {
  if (source.graph) return source.graph;
  const std::uint32_t made_for = flags.partition_workers > 0 ? flags.partition_workers : workers;
  const Result<CompileOptions> how = compile_options(flags.compile, *source.model, made_for);
  if (!how) return tl::unexpected(how.error());
  Result<Compiled> compiled =
      compile_model(*source.model, step_shape(flags.compile, *source.model, least_positions), *how);
  if (!compiled) return tl::unexpected(compiled.error());
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

}  // namespace mk::cli
