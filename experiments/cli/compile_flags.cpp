#include "experiments/cli/compile_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/graph_settings.h"
#include "simulator/decode_plan.h"

namespace mk::cli {
namespace {

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
  keep(parser.value("--fuse", flags.fusion, "F", "one of none, norm, norm-linear, norm-gated")
           .one_of({"none", "norm", "norm-linear", "norm-gated"}));
  keep(parser
           .value("--events", flags.events, "E",
                  "gcd (open MPK), exact (regions) or operator (barriers)")
           .one_of({"gcd", "exact", "operator"}));
  keep(parser
           .value("--experts", flags.experts, "S",
                  "a task's experts: stride over the activated, static ranges")
           .one_of({"stride", "static"}));
  keep(parser.repeated("--set", flags.set, "OPERATOR.tasks=N",
                       "an operator's tasks; attention.parts=N, .page=N of KV"));
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
  options.fusion = *fusion_from_name(flags.fusion);  // one that the flag takes
  options.workers = workers;
  options.context = context_of(flags, model);
  options.overlap = flags.overlap == "on";
  Result<GraphSettings> settings = parse_graph_settings(flags.set);
  if (!settings) return tl::unexpected(settings.error());
  options.tasks_of = std::move(settings->tasks_of);
  return options;
}

StepShape step_shape(const CompileFlags& flags, const ModelConfig& model,
                     std::uint32_t least_positions) {
  const std::uint32_t context = context_of(flags, model);
  StepShape shape = {
      .batch_tokens = flags.batch_tokens,
      .requests = flags.requests,
      .max_context = cache_positions(model, context, least_positions),
      .devices = flags.devices,
      .experts = flags.experts == "static" ? ExpertSchedule::kStatic : ExpertSchedule::kStride};
  // compile_options() says what is wrong
  parse_graph_settings(flags.set).value_or(GraphSettings{}).apply_to(shape, context);
  return shape;
}

}  // namespace mk::cli
