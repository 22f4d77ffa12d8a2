#include "gui/timeline/mip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

TEST(Mip, EveryBucketOfEveryLevelIsExact) {
  const auto random = testing::random_bands(3, 5, 1500, 300000);
  const Bands& bands = random->bands;
  const Mip mip(bands);
  for (std::size_t k = 0;; ++k) {
    const Mip::Level& level = mip.level(k);
    const Nanoseconds width = mip.bucket_ns(k);
    std::vector<std::array<Nanoseconds, 8>> sums(level.buckets * bands.lanes());
    for (std::size_t lane = 0; lane < bands.lanes(); ++lane) {
      for (std::uint32_t b = bands.lane_begin[lane]; b < bands.lane_end[lane]; ++b) {
        const Nanoseconds from = bands.start[b] - mip.origin();
        const Nanoseconds to = bands.end[b] - mip.origin();
        for (Nanoseconds at = from / width; at * width < to; ++at) {
          const Nanoseconds part = std::min(to, (at + 1) * width) - std::max(from, at * width);
          sums[lane * level.buckets + static_cast<std::size_t>(at)][bands.category[b]] += part;
        }
      }
    }
    for (std::size_t at = 0; at < sums.size(); ++at) {
      Nanoseconds total = 0;
      for (const Nanoseconds part : sums[at]) total += part;
      ASSERT_EQ(level.busy[at], static_cast<std::uint32_t>(total)) << "level " << k;
      if (total == 0) continue;
      EXPECT_EQ(sums[at][level.category[at]], *std::max_element(sums[at].begin(), sums[at].end()));
    }
    if (level.buckets <= 256) break;
  }
}

TEST(Mip, TakesFewBytesABand) {
  const auto random = testing::random_bands(5, 4, 50000, 100000000);
  const Mip mip(random->bands);
  EXPECT_LT(mip.bytes(), random->start.size() * 14);
}

TEST(Mip, OfNothingServesNoScale) {
  const Bands none{{}, {}, {}, {0, 0}, {0, 0}};
  EXPECT_FALSE(Mip(none).serves(1e12));
}

}  // namespace
}  // namespace mk::gui
