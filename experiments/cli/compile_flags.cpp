#include "experiments/cli/compile_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

constexpr std::int64_t kUsualPositions = 4096;

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

std::uint32_t context_of(const CompileFlags& flags, const ModelConfig& model) {
  if (flags.context_flag->is_given()) return flags.context;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(flags.context, model.max_positions));
}

}  // namespace

void declare_compile_flags(Flags& parser, CompileFlags& flags, const std::string& group) {
  const auto keep = [&](Flag flag) {
    if (!group.empty()) flag.group(group);
    flags.declared.push_back(flag);
  };
  keep(parser.value("--batch-tokens", flags.batch_tokens, "N", "tokens an iteration takes in")
           .at_least(1));
  keep(parser.value("--requests", flags.requests, "N", "requests side by side").at_least(1));
  flags.context_flag =
      parser.value("--context", flags.context, "N", "tokens in each request's KV cache");
  keep(flags.context_flag->at_least(1));
  keep(parser.value("--tp", flags.devices, "N", "devices, tensor parallel").at_least(1));
  keep(parser
           .value("--overlap", flags.overlap, "O",
                  "communication tile by tile; off: one event an all-reduce")
           .one_of({"on", "off"}));
  keep(parser.value("--partition", flags.partition, "P", "grids: mpk (as published), balanced")
           .one_of({"mpk", "balanced"}));
  keep(parser.value("--fuse", flags.fusion, "F", "none, or norm-linear: norms inside linears")
           .one_of({"none", "norm-linear"}));
  keep(parser
           .value("--events", flags.events, "E",
                  "gcd (open MPK), exact (regions) or operator (barriers)")
           .one_of({"gcd", "exact", "operator"}));
  keep(parser.repeated("--set", flags.set, "OPERATOR.tasks=N", "an operator's task count"));
}

std::string first_given(const CompileFlags& flags) {
  for (const Flag& flag : flags.declared) {
    if (flag.is_given()) return flag.name();
  }
  return "";
}

Result<CompileOptions> compile_options(const CompileFlags& flags, const ModelConfig& model,
                                       std::uint32_t workers) {
  CompileOptions options;
  options.partition = flags.partition == "mpk" ? Partition::kMpk : Partition::kBalanced;
  options.events = flags.events == "gcd"     ? EventGranularity::kGcd
                   : flags.events == "exact" ? EventGranularity::kExact
                                             : EventGranularity::kOperator;
  options.fusion = flags.fusion == "none" ? OperatorFusion::kNone : OperatorFusion::kNormLinear;
  options.workers = workers;
  options.context = context_of(flags, model);
  options.overlap = flags.overlap == "on";
  if (const Status added = add_task_counts(flags, options); !added)
    return tl::unexpected(added.error());
  return options;
}

StepShape step_shape(const CompileFlags& flags, const ModelConfig& model,
                     std::uint32_t least_positions) {
  const auto usual = static_cast<std::uint32_t>(std::min(kUsualPositions, model.max_positions));
  return {.batch_tokens = flags.batch_tokens,
          .requests = flags.requests,
          .max_context = std::max({usual, context_of(flags, model), least_positions}),
          .devices = flags.devices};
}

}  // namespace mk::cli
