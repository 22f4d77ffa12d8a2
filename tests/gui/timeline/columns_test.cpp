#include "gui/timeline/columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

using Runs = std::vector<Run>;  // Run means something else inside a test

struct Pixel {
  double share = 0;
  std::array<double, 8> by_category{};
};

// The slow way: every band against every column.
std::vector<Pixel> brute_force(const Bands& bands, std::size_t lane, const TimeWindow& window,
                               int width) {
  std::vector<Pixel> pixels(static_cast<std::size_t>(width));
  for (std::uint32_t k = bands.lane_begin[lane]; k < bands.lane_end[lane]; ++k) {
    for (int x = 0; x < width; ++x) {
      const double from = std::max(window.time_at(x), static_cast<double>(bands.start[k]));
      const double to = std::min(window.time_at(x + 1), static_cast<double>(bands.end[k]));
      if (to <= from) continue;
      Pixel& pixel = pixels[static_cast<std::size_t>(x)];
      pixel.share += (to - from) / window.ns_per_pixel;
      pixel.by_category[bands.category[k]] += to - from;
    }
  }
  return pixels;
}

Runs by_column(const Runs& runs, int width) {
  Runs columns(static_cast<std::size_t>(width), Run{0, 0, 0, 0, kNoIndex});
  int last = 0;
  for (const Run& run : runs) {
    EXPECT_GE(run.x0, last);
    EXPECT_LE(run.x1, width);
    for (int x = run.x0; x < run.x1; ++x) columns[static_cast<std::size_t>(x)] = run;
    last = run.x1;
  }
  return columns;
}

TEST(Columns, ScannedSharesAndCategoriesAreExact) {
  const auto random = testing::random_bands(7, 6, 300, 100000);
  constexpr int kWidth = 200;
  for (const double scale : {3.0, 41.0, 170.0, 510.0}) {
    for (std::size_t lane = 0; lane < 6; ++lane) {
      const TimeWindow window{777.0, scale};
      Runs runs;
      append_runs(random->bands, nullptr, lane, window, kWidth, runs);
      const Runs columns = by_column(runs, kWidth);
      const std::vector<Pixel> truth = brute_force(random->bands, lane, window, kWidth);
      for (std::size_t x = 0; x < truth.size(); ++x) {
        if (truth[x].share < 1e-4) continue;
        EXPECT_NEAR(columns[x].share / 255.0, truth[x].share, 1.01 / 255);
        const double most =
            *std::max_element(truth[x].by_category.begin(), truth[x].by_category.end());
        EXPECT_NEAR(truth[x].by_category[columns[x].category], most, 1e-3);
      }
    }
  }
}

TEST(Columns, FromThePyramidTheSharesOfAllColumnsSumToTheBusyTime) {
  const auto random = testing::random_bands(11, 6, 20000, 4000000);
  const Mip mip(random->bands);
  constexpr int kWidth = 500;
  const TimeWindow window = fitted({0, 5000000}, kWidth);
  ASSERT_TRUE(mip.serves(window.ns_per_pixel));
  for (std::size_t lane = 0; lane < 6; ++lane) {
    Runs runs;
    append_runs(random->bands, &mip, lane, window, kWidth, runs);
    double shown = 0;
    for (const auto& run : runs) shown += (run.x1 - run.x0) * (run.share / 255.0);
    double busy = 0;
    for (std::uint32_t k = random->bands.lane_begin[lane]; k < random->bands.lane_end[lane]; ++k)
      busy += static_cast<double>(random->end[k] - random->start[k]);
    // Each column rounds its share up by less than 1/255.
    EXPECT_GE(shown * window.ns_per_pixel, busy * (1 - 1e-9));
    EXPECT_LE(shown * window.ns_per_pixel, busy + kWidth * window.ns_per_pixel / 255);
  }
}

TEST(Columns, FromThePyramidAColumnIsOffByLittle) {
  const auto random = testing::random_bands(13, 4, 20000, 4000000);
  const Mip mip(random->bands);
  constexpr int kWidth = 300;
  const TimeWindow window = fitted({0, 4000000}, kWidth);
  std::size_t right = 0;
  std::size_t all = 0;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    Runs runs;
    append_runs(random->bands, &mip, lane, window, kWidth, runs);
    const Runs columns = by_column(runs, kWidth);
    const std::vector<Pixel> truth = brute_force(random->bands, lane, window, kWidth);
    for (std::size_t x = 0; x < truth.size(); ++x) {
      if (truth[x].share == 0 || columns[x].share == 0) continue;
      // Its edges are rounded to buckets of at most half a column.
      EXPECT_NEAR(columns[x].share / 255.0, truth[x].share, 0.5);
      const double most =
          *std::max_element(truth[x].by_category.begin(), truth[x].by_category.end());
      right += truth[x].by_category[columns[x].category] >= 0.6 * most ? 1 : 0;
      ++all;
    }
  }
  EXPECT_GE(static_cast<double>(right), 0.9 * static_cast<double>(all));
}

TEST(Columns, ABandOfNoLengthIsSeen) {
  const Instants at{500};
  const std::vector<std::uint8_t> category{3};
  const Bands bands{at, at, category, {0}, {1}};
  Runs runs;
  append_runs(bands, nullptr, 0, {0, 10}, 100, runs);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].x0, 50);
  EXPECT_EQ(runs[0].category, 3);
}

TEST(Columns, AWideBandIsOneRunThatKnowsItsBand) {
  const Instants start{100, 400};
  const Instants end{300, 900};
  const std::vector<std::uint8_t> category{1, 2};
  const Bands bands{start, end, category, {0}, {2}};
  Runs runs;
  append_runs(bands, nullptr, 0, {0, 1}, 600, runs);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].band, 0U);
  EXPECT_EQ(runs[0].x0, 100);
  EXPECT_EQ(runs[0].x1, 300);
  EXPECT_EQ(runs[1].x1, 600);
}

}  // namespace
}  // namespace mk::gui
