#include "core/at_once.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace mk {
namespace {

TEST(AtOnce, CallsEachOnceAndHasDoneAllWhenItReturns) {
  std::vector<int> calls(1000);

  for_each_at_once(calls.size(), [&](std::size_t k) { ++calls[k]; });

  EXPECT_THAT(calls, ::testing::Each(1));
}

TEST(AtOnce, DoesNothingOfNothing) {
  for_each_at_once(0, [](std::size_t) { FAIL(); });
}

TEST(AtOnce, SharesWhatNobodyWrites) {
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<int> squares(100);

  for_each_at_once(squares.size(), [&](std::size_t k) { squares[k] = numbers[k] * numbers[k]; });

  EXPECT_EQ(squares[99], 9801);
}

}  // namespace
}  // namespace mk
