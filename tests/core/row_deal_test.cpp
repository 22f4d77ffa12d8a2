#include "core/row_deal.h"

#include <gtest/gtest.h>

#include <vector>

namespace mk {
namespace {

TEST(RowDeal, EachGroupGoesToTheWarpWhoseTurnItIs) {
  for (std::uint32_t rows = 0; rows < 60; ++rows) {
    for (const std::uint32_t row : {1'000U, 3'000U}) {
      const RowDeal deal = RowDeal::of(rows, row, 2'048);
      std::vector<std::uint32_t> groups(11);
      for (std::uint32_t first = 0, turn = 0; first < rows; first += deal.group_rows, ++turn) {
        ++groups[turn % 11];
      }
      for (std::uint32_t warp = 0; warp < 11; ++warp) {
        EXPECT_EQ(deal.groups_of(warp, 11), groups[warp]) << rows << " rows, warp " << warp;
      }
    }
  }
}

TEST(RowDeal, TwoShortRowsAreAGroup) {
  EXPECT_EQ(RowDeal::of(5, 1'024, 2'048).groups(), 3U);
  EXPECT_EQ(RowDeal::of(5, 1'025, 2'048).groups(), 5U);
}

TEST(RowDeal, ARowIsAsLongAsTheChunksItTakes) {
  EXPECT_EQ(RowDeal::of(5, 1'024, 2'048).length(), RowLength::kPair);
  EXPECT_EQ(RowDeal::of(5, 1'025, 2'048).length(), RowLength::kSingle);
  EXPECT_EQ(RowDeal::of(5, 2'048, 2'048).length(), RowLength::kSingle);
  EXPECT_EQ(RowDeal::of(5, 2'049, 2'048).length(), RowLength::kLonger);
}

TEST(RowDeal, WhatIsLeftAfterFullRoundsIsTheLastRound) {
  constexpr RowDeal kDeal = RowDeal::of(27, 3'000, 2'048);
  EXPECT_EQ(kDeal.rows_of_full_rounds(11), 22U);
  EXPECT_EQ(kDeal.warps_of_last_round(11), 5U);
  // The last group of a full round may be half a one.
  EXPECT_EQ(RowDeal::of(21, 1'000, 2'048).rows_of_full_rounds(11), 21U);
}

TEST(RowDeal, ATaskThatFillsTheRingMoreThanOnceHasTwoStagesFilledAhead) {
  EXPECT_EQ(RowDeal::of(33, 2'048, 2'048).stages_ahead(11, 3), 1U);  // three rounds of one chunk
  EXPECT_EQ(RowDeal::of(34, 2'048, 2'048).stages_ahead(11, 3), 2U);
  EXPECT_EQ(RowDeal::of(11, 3 * 2'048, 2'048).stages_ahead(11, 3), 1U);
  EXPECT_EQ(RowDeal::of(12, 3 * 2'048, 2'048).stages_ahead(11, 3), 2U);
  EXPECT_EQ(RowDeal::of(66, 1'024, 2'048).stages_ahead(11, 3), 1U);  // pairs of rows
}

}  // namespace
}  // namespace mk
