// What one iteration runs on, and amounts that depend on it.
//
// A task's bytes and flops are `base + sum of coefficient x quantity`; the quantities of an
// iteration come from its IterationState, which simulator and backends share. An amount that
// evaluates to 0 is legal: the task runs and notifies.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace mk {

enum class QuantityKind : std::uint8_t {
  kContext,  // index = request: tokens in its KV cache once this iteration's tokens are appended
  kTokensOfRequest,   // index = request: new tokens of it in this iteration
  kAttendedPairs,     // index = request: sum over its new tokens of the context each attends to
  kLiveTokens,        // new tokens of all requests
  kLiveRequests,      // requests that have new tokens
  kActivatedExperts,  // index = expert group (see `IterationState::activated_experts`)
  kRoutedTokens,      // index = expert group: tokens routed to its activated experts, summed
  kAcceptedTokens,    // speculative decoding: tokens accepted
};

std::string_view name_of(QuantityKind kind);
std::optional<QuantityKind> quantity_from_name(std::string_view name);

struct RequestState {
  std::uint32_t context_before = 0;  // tokens in the KV cache when the iteration begins
  std::uint32_t new_tokens = 0;      // 0: the slot is idle in this iteration
  friend bool operator==(const RequestState&, const RequestState&) = default;
};

struct IterationState {
  std::vector<RequestState> requests{};
  // By expert group: a graph-wide index that the compiler gives to each (operator, group of it).
  // Empty for dense models.
  std::vector<std::uint32_t> activated_experts{};
  std::vector<std::uint32_t> routed_tokens{};
  std::uint32_t accepted_tokens = 0;

  // 0 where the index is past what this iteration has, and for each quantity of an idle request:
  // nobody reads its cache.
  std::int64_t quantity(QuantityKind kind, std::uint32_t index) const;
  std::uint32_t live_tokens() const;
  friend bool operator==(const IterationState&, const IterationState&) = default;
};

struct Term {
  QuantityKind quantity = QuantityKind::kLiveTokens;
  std::uint32_t index = 0;
  std::int64_t coefficient = 0;
  // The term is coefficient * clamp(quantity - offset, 0, limit): split-KV parts take a slice.
  std::int64_t offset = 0;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  friend bool operator==(const Term&, const Term&) = default;
};

struct Amount {
  std::int64_t base = 0;
  std::vector<Term> terms{};

  // Requires: is_sane(largest) of a state whose numbers are none below those of `state`.
  std::int64_t at(const IterationState& state) const;
  // Whether at() is between -2^53 and 2^53 (what a double counts exactly) for every state whose
  // numbers are at most those of `largest`. What comes from a file is asked this first.
  bool is_sane(const IterationState& largest) const;
  bool is_constant() const { return terms.empty(); }
  friend bool operator==(const Amount&, const Amount&) = default;
};

// A request's life: the prompt in chunks, then one token an iteration. Identical requests share the
// batch: a chunk is at most batch_tokens / requests tokens, at least one.
struct DecodePlan {
  std::uint32_t prompt_tokens = 1;
  std::uint32_t generate =
      1;  // tokens to generate; the first comes from the iteration that ends the prompt
  std::uint32_t batch_tokens = 1;
  std::uint32_t requests = 1;  // identical requests, side by side

  std::uint32_t iterations() const;
  // Iteration i of the plan. Requires: i < iterations().
  IterationState state(std::uint32_t iteration) const;
};

// One decode step of `requests` requests, each with `context` tokens in its cache once the step's
// token is appended. Requires: context >= 1.
IterationState decode_step(std::uint32_t requests, std::uint32_t context);

}  // namespace mk
