#include <fmt/format.h>

#include <memory>

#include "core/compiler.h"
#include "core/dot.h"
#include "core/task_graph_file.h"
#include "experiments/cli/compile_flags.h"
#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

struct Options {
  std::string model{};
  std::uint32_t workers = 128;
  std::string dot{};
  std::string output{};
  CompileFlags compile{};
};

Json to_json(const TaskGraph& graph, const CompileStatistics& s) {
  return {{"model", graph.info().model},
          {"operators", s.operators},
          {"tasks", s.tasks},
          {"events", s.events},
          {"tasks_per_operator", s.tasks_per_operator},
          {"task_pairs", s.task_pairs},
          {"event_fusion_ratio", s.event_fusion_ratio},
          {"successor_bytes_before", s.successor_bytes_before},
          {"successor_bytes_after", s.successor_bytes_after},
          {"linearization_ratio", s.linearization_ratio},
          {"dummy_tasks", s.dummy_tasks},
          {"compile_seconds", s.compile_seconds},
          {"batch_tokens", graph.info().batch_tokens},
          {"requests", graph.info().requests},
          {"workers", graph.info().workers},
          {"devices", graph.info().devices},
          {"partition", graph.info().partition},
          {"granularity", graph.info().events},
          {"fusion", graph.info().fusion},
          {"graph_hash", fmt::format("{:016x}", graph.hash())},
          {"operator_names", s.operator_names}};
}

std::string to_text(const TaskGraph& graph, const CompileStatistics& s) {
  const GraphInfo& info = graph.info();
  Table table({});
  table.add({"model", info.model});
  table.add({"compiled for",
             fmt::format("{}, {}, {}, {}", counted(info.batch_tokens, "token"),
                         counted(info.requests, "request"), counted(info.workers, "worker"),
                         counted(info.devices, "device"))});
  table.add({"rules", fmt::format("partition {}, events {}, fusion {}", info.partition, info.events,
                                  info.fusion)});
  table.add({"operators", fmt::format("{}", s.operators)});
  table.add({"tasks", fmt::format("{} ({:.1f} an operator), {} of them empty", s.tasks,
                                  s.tasks_per_operator, s.dummy_tasks)});
  table.add({"events", fmt::format("{} for {} task pairs (fusion {:.1f}x)", s.events, s.task_pairs,
                                   s.event_fusion_ratio)});
  table.add({"successor lists", fmt::format("{} -> {} bytes ({:.1f}x)", s.successor_bytes_before,
                                            s.successor_bytes_after, s.linearization_ratio)});
  table.add({"compile time", fmt::format("{:.1f} ms", s.compile_seconds * 1e3)});
  table.add({"graph hash", fmt::format("{:016x}", graph.hash())});
  return table.str() + fmt::format("operator names for --set: {}\n", join(s.operator_names));
}

Status write_files(const TaskGraph& graph, const Options& options) {
  if (!options.output.empty()) {
    if (const Status written = write_task_graph(graph, options.output); !written) return written;
  }
  return options.dot.empty() ? Status() : write_dot(graph, options.dot);
}

Result<Answer> compile_it(const Options& options) {
  const Result<ModelConfig> model = load_model(options.model);
  if (!model) return tl::unexpected(model.error());
  const Result<CompileOptions> how = compile_options(options.compile, *model, options.workers);
  if (!how) return tl::unexpected(how.error());
  const Result<Compiled> compiled =
      compile_model(*model, step_shape(options.compile, *model), *how);
  if (!compiled) return tl::unexpected(compiled.error());
  if (const Status written = write_files(compiled->graph, options); !written)
    return tl::unexpected(written.error());
  return Answer{.json = to_json(compiled->graph, compiled->statistics),
                .text = to_text(compiled->graph, compiled->statistics)};
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("MODEL", options->model, "built-in name, config.json, or a folder that holds one")
      .required();
  declare_compile_flags(flags, options->compile);
  flags.value("--workers", options->workers, "N", "workers that grids are made for");
  flags.value("--dot", options->dot, "FILE", "write the operators as a Graphviz graph");
  flags.value("-o,--output", options->output, "GRAPH", "write the task graph to this file");
  return [options](Console&) { return compile_it(*options); };
}

}  // namespace

constinit const Verb compile_verb = {
    .name = "compile",
    .summary = "turns a model into a task graph, and counts what is in it",
    .arguments = "MODEL [options]",
    .description =
        "Cuts the operators of one decode step of MODEL into tasks, finds which tasks must wait "
        "for\n"
        "which, joins these pairs into events, and puts the tasks in the order in which they are\n"
        "launched. A compiled GRAPH runs on any number of workers.",
    .examples =
        "megascope compile qwen3-8b --workers 128\n"
        "megascope compile smollm2-135m --set lm_head.tasks=64 -o smol.mkg",
    .declare = declare,
};

}  // namespace mk::cli
