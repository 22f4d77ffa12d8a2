#include "core/iteration_state.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace mk {
namespace {

std::int64_t attended_pairs(const RequestState& request) {
  const std::int64_t tokens = request.new_tokens;
  return tokens * request.context_before + tokens * (tokens + 1) / 2;
}

std::uint32_t chunk_of(const DecodePlan& plan) {
  return std::max(1u, plan.batch_tokens / std::max(1u, plan.requests));
}

std::uint32_t prompt_iterations(const DecodePlan& plan) {
  return (std::max(1u, plan.prompt_tokens) + chunk_of(plan) - 1) / chunk_of(plan);
}

template <typename T>
std::int64_t entry(const std::vector<T>& values, std::uint32_t index) {
  return index < values.size() ? std::int64_t{values[index]} : 0;
}

}  // namespace

std::string_view name_of(QuantityKind kind) {
  switch (kind) {
    case QuantityKind::kContext:
      return "context";
    case QuantityKind::kTokensOfRequest:
      return "tokens_of_request";
    case QuantityKind::kAttendedPairs:
      return "attended_pairs";
    case QuantityKind::kLiveTokens:
      return "live_tokens";
    case QuantityKind::kLiveRequests:
      return "live_requests";
    case QuantityKind::kActivatedExperts:
      return "activated_experts";
    case QuantityKind::kRoutedTokens:
      return "routed_tokens";
    case QuantityKind::kAcceptedTokens:
      return "accepted_tokens";
  }
  MK_CHECK(false, "a quantity that no row names");
  return {};
}

std::optional<QuantityKind> quantity_from_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(QuantityKind::kAcceptedTokens); ++i) {
    if (name_of(static_cast<QuantityKind>(i)) == name) return static_cast<QuantityKind>(i);
  }
  return std::nullopt;
}

std::uint32_t IterationState::live_tokens() const {
  std::uint32_t tokens = 0;
  for (const RequestState& request : requests) tokens += request.new_tokens;
  return tokens;
}

std::int64_t IterationState::quantity(QuantityKind kind, std::uint32_t index) const {
  const RequestState request = index < requests.size() ? requests[index] : RequestState{};
  switch (kind) {
    case QuantityKind::kContext:
      if (request.new_tokens == 0) return 0;
      return std::int64_t{request.context_before} + request.new_tokens;
    case QuantityKind::kTokensOfRequest:
      return request.new_tokens;
    case QuantityKind::kAttendedPairs:
      return attended_pairs(request);
    case QuantityKind::kLiveTokens:
      return live_tokens();
    case QuantityKind::kLiveRequests:
      return std::count_if(requests.begin(), requests.end(),
                           [](const RequestState& r) { return r.new_tokens > 0; });
    case QuantityKind::kActivatedExperts:
      return entry(activated_experts, index);
    case QuantityKind::kRoutedTokens:
      return entry(routed_tokens, index);
    case QuantityKind::kAcceptedTokens:
      return accepted_tokens;
  }
  MK_CHECK(false, "a quantity that no case computes");
  return 0;
}

std::int64_t Amount::at(const IterationState& state) const {
  std::int64_t sum = base;
  for (const Term& term : terms) {
    const std::int64_t quantity = state.quantity(term.quantity, term.index);
    sum += term.coefficient * std::clamp(quantity - term.offset, std::int64_t{0}, term.limit);
  }
  return sum;
}

bool Amount::is_sane(const IterationState& largest) const {
  constexpr double kMost = 0x1p53;
  double most = std::abs(static_cast<double>(base));
  for (const Term& term : terms) {
    if (term.offset < 0 || term.limit < 0) return false;
    const std::int64_t quantity = largest.quantity(term.quantity, term.index) - term.offset;
    most += std::abs(static_cast<double>(term.coefficient)) *
            static_cast<double>(std::clamp(quantity, std::int64_t{0}, term.limit));
  }
  return most <= kMost;
}

std::uint32_t DecodePlan::iterations() const {
  return prompt_iterations(*this) + std::max(1u, generate) - 1;
}

IterationState DecodePlan::state(std::uint32_t iteration) const {
  MK_CHECK(iteration < iterations(), "the plan has fewer iterations");
  const std::uint32_t of_prompt = prompt_iterations(*this);
  const std::uint32_t prompt = std::max(1u, prompt_tokens);
  RequestState request{prompt + iteration - of_prompt, 1};
  if (iteration < of_prompt) {
    const std::uint32_t before = iteration * chunk_of(*this);
    request = {before, std::min(chunk_of(*this), prompt - before)};
  }
  return {.requests = std::vector<RequestState>(requests, request)};
}

IterationState decode_step(std::uint32_t requests, std::uint32_t context) {
  MK_CHECK(context >= 1, "a decode step appends its own token to the context");
  return {.requests = std::vector<RequestState>(requests, RequestState{context - 1, 1})};
}

}  // namespace mk
