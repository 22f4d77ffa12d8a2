#include "simulator/decode_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace mk {
namespace {

constexpr std::int64_t kUsualPositions = 4096;

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

Result<std::vector<IterationState>> plan_iterations(const PlanRequest& request,
                                                    const GraphInfo& graph) {
  std::vector<IterationState> plan;
  if (request.prompt_tokens > 0) {
    const DecodePlan life{request.prompt_tokens, request.generate, graph.batch_tokens,
                          graph.requests};
    for (std::uint32_t i = 0; i < life.iterations(); ++i) plan.push_back(life.state(i));
  } else {
    plan = decode_steps(request.iterations, graph);
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

std::uint64_t generated_tokens(const PlanRequest& request, const std::vector<IterationState>& plan,
                               const GraphInfo& graph) {
  if (request.prompt_tokens > 0) return std::uint64_t{request.generate} * graph.requests;
  std::uint64_t tokens = 0;
  for (const IterationState& state : plan) {
    for (const RequestState& r : state.requests) tokens += r.new_tokens > 0 ? 1 : 0;
  }
  return tokens;
}

std::uint32_t cache_positions(const ModelConfig& model, std::uint32_t context,
                              std::uint32_t least_positions) {
  const auto usual = static_cast<std::uint32_t>(std::min(kUsualPositions, model.max_positions));
  return std::max({usual, context, least_positions});
}

double median_iteration_us(const SimulationResult& result) {
  std::vector<Duration> sorted = result.iterations;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  const double upper = to_microseconds(sorted[middle]);
  return sorted.size() % 2 == 1 ? upper : (to_microseconds(sorted[middle - 1]) + upper) / 2;
}

}  // namespace mk
