// The fit of a worker's way to its next task, against workers whose numbers are known.
#include "profiler/analysis/hand_off.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"

namespace mk {
namespace {

constexpr HandOffNumbers kWrongPrior{0, 1.1, 0};

// A worker of those numbers, each of which varies by `noise`; half of the events come late.
std::vector<HandOff> records(const HandOffNumbers& truth, double noise,
                             std::uint32_t count = 3000) {
  std::vector<HandOff> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto uniform = [&](std::uint32_t use) { return uniform_of(random_bits(1, 0, i, use)); };
    const auto varied = [&](double value, std::uint32_t use) {
      return value * (1 + noise * normal_quantile(uniform(use)));
    };
    const double wait = uniform(0) < 0.5 ? -uniform(1) : 6 * uniform(1);
    const double turn = varied(truth.turn, 2);
    const double late = std::max(0.0, wait - turn);
    const double look = turn + std::ceil(late / truth.period) * truth.period;
    all.push_back({wait, look - std::max(wait, 0.0) + varied(truth.step, 3)});
  }
  return all;
}

// What every fit must get right: what a last arriver's next task waits for, and all others.
void expect_sums(const HandOffFit& fit, const HandOffNumbers& truth, double relative) {
  const HandOffNumbers& n = fit.numbers;
  const double at_once = truth.turn + truth.step;
  const double waiting = truth.step + truth.period / 2;
  EXPECT_NEAR(n.turn + n.step, at_once, relative * at_once);
  EXPECT_NEAR(n.step + n.period / 2, waiting, relative * waiting);
}

TEST(HandOff, OfTheLastArriverIsNotThatOfThoseWhoWait) {
  const HandOffNumbers truth{1.7, 0.37, 0.3};
  const HandOffFit fit = fit_hand_off(records(truth, 0.05), kWrongPrior);
  expect_sums(fit, truth, 0.03);
  EXPECT_NEAR(fit.numbers.turn, 1.7, 0.1);
  EXPECT_NEAR(fit.numbers.step, 0.3, 0.05);
  EXPECT_TRUE(fit.turn_known);
}

TEST(HandOff, WithoutATurnTellsThePeriodByTheTwoSums) {
  const HandOffNumbers truth{0, 0.2, 0.35};
  const HandOffFit fit = fit_hand_off(records(truth, 0.08), kWrongPrior);
  expect_sums(fit, truth, 0.03);
  EXPECT_NEAR(fit.numbers.period, 0.2, 0.03);
  EXPECT_NEAR(fit.numbers.turn, 0, 0.02);
}

TEST(HandOff, SeesThePeriodInItsTeeth) {
  const HandOffNumbers truth{0.5, 0.6, 0.2};
  const HandOffFit fit = fit_hand_off(records(truth, 0.03), {0.5, 0.3, 0});
  EXPECT_TRUE(fit.period_known);
  EXPECT_NEAR(fit.numbers.period, 0.6, 0.06);
  EXPECT_NEAR(fit.numbers.turn, 0.5, 0.04);
}

TEST(HandOff, TakesThePeriodFromThePriorWhereTurnsBlurTheTeeth) {
  const HandOffNumbers truth{3.2, 0.4, 0.25};
  const HandOffFit fit = fit_hand_off(records(truth, 0.15), {0, 0.4, 0});
  EXPECT_FALSE(fit.period_known);
  EXPECT_NEAR(fit.numbers.period, 0.4, 0.02);
  expect_sums(fit, truth, 0.06);
}

TEST(HandOff, ShrugsOffDisturbedRecords) {
  const HandOffNumbers truth{1.7, 0.37, 0.3};
  std::vector<HandOff> disturbed = records(truth, 0.05);
  for (std::size_t i = 0; i < disturbed.size(); i += 20) disturbed[i].us += 500;
  expect_sums(fit_hand_off(disturbed, kWrongPrior), truth, 0.06);
}

TEST(HandOff, SaysWhatOneKindOfRecordsCannotTell) {
  std::vector<HandOff> waited = records({1.7, 0.37, 0.3}, 0.05);
  std::erase_if(waited, [](const HandOff& h) { return h.wait < 3; });
  const HandOffFit fit = fit_hand_off(waited, {1.0, 0.37, 0});
  EXPECT_FALSE(fit.turn_known);
  EXPECT_TRUE(fit.step_known);
  EXPECT_EQ(fit.numbers.turn, 1.0) << "the prior's";
  EXPECT_NEAR(fit.numbers.step, 0.3, 0.03);
  EXPECT_FALSE(fit_hand_off({}, kWrongPrior).step_known);
}

}  // namespace
}  // namespace mk
