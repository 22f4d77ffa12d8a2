#include "experiments/cli/iteration_plan.h"

#include <fmt/format.h>

namespace mk::cli {
namespace {

std::uint32_t longest_context(const std::vector<IterationState>& plan) {
  std::uint32_t longest = 0;
  for (const IterationState& state : plan) {
    for (const RequestState& request : state.requests)
      longest = std::max(longest, request.context_before + request.new_tokens);
  }
  return longest;
}

// `iterations` steps, each with all of the batch's tokens; the last ends at the graph's context.
std::vector<IterationState> decode_steps(std::uint32_t iterations, const GraphInfo& graph) {
  std::vector<IterationState> plan(iterations);
  const std::uint32_t context = std::max(graph.context, 1U);
  for (std::uint32_t i = 0; i < iterations; ++i) {
    for (std::uint32_t r = 0; r < graph.requests; ++r) {
      const std::uint32_t extra = r < graph.batch_tokens % graph.requests ? 1 : 0;
      const std::uint32_t tokens = graph.batch_tokens / graph.requests + extra;
      const std::uint64_t still_to_come = std::uint64_t{iterations - i} * tokens;
      const auto before =
          static_cast<std::uint32_t>(context > still_to_come ? context - still_to_come : 0);
      plan[i].requests.push_back({before, tokens});
    }
  }
  return plan;
}

}  // namespace

void declare_plan_flags(Flags& parser, PlanFlags& flags) {
  flags.iterations_flag =
      parser.value("--iterations", flags.iterations, "N", "decode steps, the last at the context")
          .at_least(1);
  parser
      .value("--prompt-tokens", flags.prompt_tokens, "N",
             "instead: each request from a prompt of N tokens on")
      .default_text("");
  flags.generate_flag =
      parser.value("--generate", flags.generate, "N", "tokens that follow the prompt").at_least(1);
}

Result<std::vector<IterationState>> plan_iterations(const PlanFlags& flags,
                                                    const GraphInfo& graph) {
  if (flags.prompt_tokens > 0 && flags.iterations_flag->is_given())
    return fail(ErrorCode::kUsage, "--iterations counts decode steps; --prompt-tokens says none");
  if (flags.prompt_tokens == 0 && flags.generate_flag->is_given())
    return fail(ErrorCode::kUsage, "--generate needs --prompt-tokens");
  std::vector<IterationState> plan;
  if (flags.prompt_tokens > 0) {
    const DecodePlan request{flags.prompt_tokens, flags.generate, graph.batch_tokens,
                             graph.requests};
    for (std::uint32_t i = 0; i < request.iterations(); ++i) plan.push_back(request.state(i));
  } else {
    plan = decode_steps(flags.iterations, graph);
  }
  const std::uint32_t longest = longest_context(plan);
  if (graph.max_context > 0 && longest > graph.max_context) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the iterations reach {} tokens of context, the graph's KV cache holds "
                            "{} positions",
                            longest, graph.max_context));
  }
  return plan;
}

std::uint64_t generated_tokens(const PlanFlags& flags, const std::vector<IterationState>& plan,
                               const GraphInfo& graph) {
  if (flags.prompt_tokens > 0) return std::uint64_t{flags.generate} * graph.requests;
  std::uint64_t tokens = 0;
  for (const IterationState& state : plan) {
    for (const RequestState& request : state.requests) tokens += request.new_tokens > 0 ? 1 : 0;
  }
  return tokens;
}

}  // namespace mk::cli
