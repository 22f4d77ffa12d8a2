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

// Each row has one place; neighbours 2 i and 2 i + 1 are a warp's groups number 2 k and 2 k + 1, or
// its group number k.
TEST(RowDeal, PairsOfAGatedLinearStayTogether) {
  for (std::uint32_t rows = 0; rows < 90; rows += 2) {
    for (const std::uint32_t row : {1'000U, 2'000U, 3'000U}) {
      const RowDeal deal = RowDeal::of(rows, row, 2'048, true);
      std::vector<std::uint32_t> warp_of(rows, 99);
      std::vector<std::uint32_t> group_of(rows, 99);
      for (std::uint32_t warp = 0; warp < 11; ++warp) {
        EXPECT_EQ(deal.groups_of(warp, 11) % deal.turn_groups, 0U);
        for (std::uint32_t group = 0; group < deal.groups_of(warp, 11); ++group) {
          for (std::uint32_t r = 0; r < deal.group_rows; ++r) {
            const std::uint32_t at = deal.row_of(group, warp, 11) + r;
            ASSERT_LT(at, rows);
            EXPECT_EQ(warp_of[at], 99U) << "twice";
            warp_of[at] = warp;
            group_of[at] = group;
          }
        }
      }
      for (std::uint32_t r = 0; r < rows; r += 2) {
        EXPECT_LT(warp_of[r], 11U) << "nobody's";
        EXPECT_EQ(warp_of[r], warp_of[r + 1]);
        EXPECT_EQ(group_of[r] / deal.turn_groups, group_of[r + 1] / deal.turn_groups);
      }
    }
  }
}

TEST(RowDeal, ARoundOfAGatedLinearIsAPairAWarp) {
  constexpr RowDeal kDeal = RowDeal::of(50, 3'000, 2'048, true);
  EXPECT_EQ(kDeal.rows_of_full_rounds(11), 44U);
  EXPECT_EQ(kDeal.warps_of_last_round(11), 3U);
  EXPECT_EQ(kDeal.turns(), 25U);
  EXPECT_EQ(RowDeal::of(22, 2'048, 2'048, true).stages_ahead(11, 1), 2U);
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
