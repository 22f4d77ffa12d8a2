#include "experiments/cli/compile_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/flags.h"

namespace mk::cli {
namespace {

constexpr std::uint32_t kLeastPositions = 4096;

Status add_task_counts(const CompileFlags& flags, CompileOptions& options) {
  constexpr std::string_view suffix = ".tasks";
  for (const std::string& text : flags.set) {
    Result<Assignment> assignment = parse_assignment("--set", text);
    if (!assignment) return tl::unexpected(assignment.error());
    std::string& name = assignment->name;
    if (!name.ends_with(suffix) || name.size() == suffix.size())
      return fail(ErrorCode::kUsage, fmt::format("--set: '{}' is not OPERATOR.tasks=N", text));
    const Result<std::uint32_t> tasks = parse_count("--set " + name, assignment->value);
    if (!tasks) return tl::unexpected(tasks.error());
    name.resize(name.size() - suffix.size());
    options.tasks_of[name] = *tasks;
  }
  return {};
}

}  // namespace

void declare_compile_flags(CLI::App& app, CompileFlags& flags, const std::string& group) {
  const auto keep = [&](CLI::Option* option) {
    if (!group.empty()) option->group(group);
    flags.options.push_back(option);
  };
  keep(add_value(app, "--batch-tokens", flags.batch_tokens, "N", "tokens an iteration takes in")
           ->check(at_least(1)));
  keep(add_value(app, "--requests", flags.requests, "N", "requests side by side")
           ->check(at_least(1)));
  keep(add_value(app, "--context", flags.context, "N", "tokens in each request's KV cache")
           ->check(at_least(1)));
  keep(add_value(app, "--tp", flags.devices, "N", "devices, tensor parallel")->check(at_least(1)));
  keep(add_value(app, "--partition", flags.partition, "P", "grids: mpk (as published) or balanced")
           ->check(one_of({"mpk", "balanced"})));
  keep(add_value(app, "--fuse", flags.fusion, "F", "none, or norm-linear: norms inside linears")
           ->check(one_of({"none", "norm-linear"})));
  keep(add_value(app, "--events", flags.events, "E",
                 "gcd (open MPK), exact (regions) or operator (barriers)")
           ->check(one_of({"gcd", "exact", "operator"})));
  keep(add_repeated(app, "--set", flags.set, "OPERATOR.tasks=N", "an operator's task count"));
}

std::string first_given(const CompileFlags& flags) {
  for (const CLI::Option* option : flags.options) {
    if (option->count() > 0) return option->get_lnames()[0];
  }
  return "";
}

Result<CompileOptions> compile_options(const CompileFlags& flags, std::uint32_t workers) {
  CompileOptions options;
  options.partition = flags.partition == "mpk" ? Partition::kMpk : Partition::kBalanced;
  options.events = flags.events == "gcd"     ? EventGranularity::kGcd
                   : flags.events == "exact" ? EventGranularity::kExact
                                             : EventGranularity::kOperator;
  options.fusion = flags.fusion == "none" ? OperatorFusion::kNone : OperatorFusion::kNormLinear;
  options.workers = workers;
  options.context = flags.context;
  options.devices = flags.devices;
  if (const Status added = add_task_counts(flags, options); !added)
    return tl::unexpected(added.error());
  return options;
}

StepShape step_shape(const CompileFlags& flags, std::uint32_t least_positions) {
  return {.batch_tokens = flags.batch_tokens,
          .requests = flags.requests,
          .max_context = std::max({kLeastPositions, flags.context, least_positions})};
}

}  // namespace mk::cli
