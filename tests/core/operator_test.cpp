#include "core/operator.h"

#include <gtest/gtest.h>

namespace mk {
namespace {

TEST(PartRange, PartsFollowEachOtherAndDifferByOneGranule) {
  for (const std::int64_t granule : {1, 2, 8}) {
    for (std::uint32_t parts = 1; parts <= 12; ++parts) {
      std::int64_t at = 0;
      std::int64_t least = 100, most = 0;
      for (std::uint32_t p = 0; p < parts; ++p) {
        const PartRange range = part_range(96, granule, p, parts);
        EXPECT_EQ(range.begin, at);
        EXPECT_EQ(range.begin % granule, 0);
        least = std::min(least, range.end - range.begin);
        most = std::max(most, range.end - range.begin);
        at = range.end;
      }
      EXPECT_EQ(at, 96);
      EXPECT_LE(most - least, granule);
    }
  }
}

TEST(PartRange, TheLastGranuleMayBeShort) {
  EXPECT_EQ(part_range(10, 4, 2, 3).begin, 8);
  EXPECT_EQ(part_range(10, 4, 2, 3).end, 10);
}

TEST(RegionOf, CutsEvenDimensionsAndTakesOthersWhole) {
  Operator op;
  op.grid.extent = {2, 3, 1};
  Access access{TensorId(0), AccessMode::kWrite};
  access.cut[0] = {DimCut::Rule::kDynamic, 0, 1};
  access.cut[1] = {DimCut::Rule::kEven, 1, 4};
  const Tensor tensor{"t", {5, 24}};
  const Region region = region_of(op, access, tensor, 3);  // coordinate (1, 1)
  EXPECT_EQ(region.begin, (std::array<std::int64_t, 4>{0, 8, 0, 0}));
  EXPECT_EQ(region.end, (std::array<std::int64_t, 4>{5, 16, 1, 1}));
  EXPECT_EQ(region.mode, AccessMode::kWrite);
}

TEST(Grid, CoordinatesCountTheFirstAxisFastest) {
  const Grid grid{{2, 3, 2}};
  EXPECT_EQ(grid.tiles(), 12u);
  EXPECT_EQ(grid.coordinate(7), (std::array<std::uint32_t, 3>{1, 0, 1}));
}

}  // namespace
}  // namespace mk
