#include "core/compiler/tile_relation.h"

#include <gtest/gtest.h>

#include <random>

namespace mk::compiler {
namespace {

bool overlap(const Region& a, const Region& b) {
  for (std::size_t d = 0; d < kMaxRank; ++d) {
    if (a.begin[d] >= b.end[d] || b.begin[d] >= a.end[d]) return false;
  }
  return true;
}

// Against region_of: every tile pair, random cuts of a matrix, axes swapped and used twice too.
TEST(TileRelation, AgreesWithTheRegions) {
  std::mt19937 random(11);
  const auto pick = [&](std::uint32_t from, std::uint32_t to) {
    return from + static_cast<std::uint32_t>(random() % (to - from + 1));
  };
  for (int repeat = 0; repeat < 300; ++repeat) {
    const Tensor tensor{"t", {pick(6, 12), pick(6, 30)}};
    Operator ops[2];
    Access access[2];
    for (int i = 0; i < 2; ++i) {
      ops[i].grid.extent = {pick(1, 3), pick(1, 3), 1};
      for (std::size_t d = 0; d < 2; ++d) {
        access[i].cut[d].rule = static_cast<DimCut::Rule>(pick(0, 2));
        access[i].cut[d].axis = static_cast<std::uint8_t>(pick(0, 1));
        access[i].cut[d].granule = pick(1, 2);
      }
    }
    const TileRelation relation(ops[0], access[0], ops[1], access[1], tensor);
    bool all = true;
    for (std::uint32_t to = 0; to < ops[1].grid.tiles(); ++to) {
      std::vector<bool> found(ops[0].grid.tiles());
      relation.overlapping(to).for_each(ops[0].grid, [&](std::uint32_t t) { found[t] = true; });
      for (std::uint32_t from = 0; from < ops[0].grid.tiles(); ++from) {
        const bool wanted = overlap(region_of(ops[0], access[0], tensor, from),
                                    region_of(ops[1], access[1], tensor, to));
        EXPECT_EQ(found[from], wanted);
        all &= wanted;
      }
    }
    EXPECT_EQ(relation.complete(), all);
  }
}

}  // namespace
}  // namespace mk::compiler
