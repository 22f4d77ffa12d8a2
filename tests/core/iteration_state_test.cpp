#include "core/iteration_state.h"

#include <gtest/gtest.h>

namespace mk {
namespace {

TEST(IterationState, AnswersWithZeroPastItsEnd) {
  const IterationState state = decode_step(1, 10);
  EXPECT_EQ(state.quantity(QuantityKind::kContext, 0), 10);
  EXPECT_EQ(state.quantity(QuantityKind::kContext, 1), 0);
  EXPECT_EQ(state.quantity(QuantityKind::kActivatedExperts, 0), 0);
}

TEST(IterationState, CountsWhatNewTokensAttendTo) {
  const IterationState state{.requests = {{.context_before = 10, .new_tokens = 3}}};
  EXPECT_EQ(state.quantity(QuantityKind::kAttendedPairs, 0), 11 + 12 + 13);
}

TEST(IterationState, TakesNothingFromAnIdleRequest) {
  const IterationState state{.requests = {{100, 0}, {5, 1}}};
  EXPECT_EQ(state.quantity(QuantityKind::kContext, 0), 0);
  EXPECT_EQ(state.quantity(QuantityKind::kLiveRequests, 0), 1);
  EXPECT_EQ(state.live_tokens(), 1u);
}

TEST(IterationState, NamesOfQuantitiesLeadBack) {
  for (int i = 0; i <= static_cast<int>(QuantityKind::kAcceptedTokens); ++i) {
    const auto kind = static_cast<QuantityKind>(i);
    EXPECT_EQ(quantity_from_name(name_of(kind)), kind);
  }
  EXPECT_EQ(quantity_from_name("contexts"), std::nullopt);
}

TEST(Amount, AddsItsTerms) {
  const Amount amount{100, {{QuantityKind::kContext, 0, 3}, {QuantityKind::kLiveTokens, 0, 1000}}};
  EXPECT_EQ(amount.at(decode_step(2, 7)), 100 + 3 * 7 + 1000 * 2);
}

TEST(Amount, ClampsATermToItsSlice) {
  Term slice{QuantityKind::kContext, 0, 2};
  slice.offset = 64;
  slice.limit = 64;
  const Amount amount{0, {slice}};
  EXPECT_EQ(amount.at(decode_step(1, 10)), 0);
  EXPECT_EQ(amount.at(decode_step(1, 100)), 2 * 36);
  EXPECT_EQ(amount.at(decode_step(1, 1000)), 2 * 64);
}

TEST(DecodePlan, TakesThePromptInChunksThenOneTokenAtATime) {
  const DecodePlan plan{.prompt_tokens = 5, .generate = 3, .batch_tokens = 2, .requests = 1};
  ASSERT_EQ(plan.iterations(), 5u);
  const RequestState wanted[] = {{0, 2}, {2, 2}, {4, 1}, {5, 1}, {6, 1}};
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(plan.state(i).requests[0], wanted[i]) << i;
}

TEST(DecodePlan, RequestsShareTheBatch) {
  const DecodePlan plan{.prompt_tokens = 4, .generate = 1, .batch_tokens = 4, .requests = 2};
  ASSERT_EQ(plan.iterations(), 2u);
  EXPECT_EQ(plan.state(0).live_tokens(), 4u);
  EXPECT_EQ(plan.state(1).requests, (std::vector<RequestState>{{2, 2}, {2, 2}}));
}

}  // namespace
}  // namespace mk
