#include "profiler/analysis/bandwidth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

double total(const std::vector<BandwidthSample>& samples) {
  double sum = 0;
  for (const BandwidthSample& s : samples) sum += s.bytes;
  return sum;
}

// tiny_run.h: each iteration streams 2 x 4096 and 2 x (8192 + 2 a token of context), with contexts
// of 7 and 8.
TEST(Bandwidth, SpreadsEveryByteOverTheBodies) {
  const Trace trace = make_trace(testing::two_iteration_run());

  for (const std::uint32_t pieces : {1U, 7U, 100U, 100000U}) {
    EXPECT_NEAR(total(bandwidth_over_time(trace, pieces)), 4 * 4096 + 4 * 8192 + 2 * 2 * (7 + 8),
                1e-6)
        << pieces;
  }
}

TEST(Bandwidth, IsWhereTheTasksRan) {
  const Trace trace = make_trace(testing::two_iteration_run());

  const std::vector<BandwidthSample> samples = bandwidth_over_time(trace, 2100);  // 1 ns each

  ASSERT_THAT(samples, SizeIs(2100));
  EXPECT_EQ(samples[0].start, 100);
  EXPECT_EQ(samples.back().end, 2200);
  EXPECT_EQ(samples[59].bytes, 0);                                     // before task 0
  EXPECT_DOUBLE_EQ(samples[60].gigabytes_per_second(), 4096.0 / 240);  // it alone
  EXPECT_DOUBLE_EQ(samples[100].gigabytes_per_second(), 4096.0 / 240 + 4096.0 / 320);
}

// Pieces of 300 ns from 100 on; samples at 250 (4 GB/s), 550 (8 GB/s) and 1000 (the last).
TEST(Bandwidth, StandsBesideWhatTheDevicesCountersSay) {
  RunRecord run = testing::two_iteration_run();
  run.counter_tracks.emplace_back("dram_read_gb_per_s");
  run.counters.insert(run.counters.end(), {{1, 1000, 9}, {1, 250, 4}, {1, 550, 8}});

  const std::vector<BandwidthSample> samples = bandwidth_over_time(make_trace(run), 7);

  ASSERT_THAT(samples, SizeIs(7));
  EXPECT_EQ(samples[0].counted_gigabytes_per_second, 4);                  // 250 .. 400
  EXPECT_EQ(samples[1].counted_gigabytes_per_second, 4 * 0.5 + 8 * 0.5);  // 400 .. 700
  EXPECT_EQ(samples[2].counted_gigabytes_per_second, 8);                  // 700 .. 1000
  EXPECT_EQ(samples[3].counted_gigabytes_per_second, std::nullopt);
}

TEST(Bandwidth, OfNothingIsNothing) { EXPECT_THAT(bandwidth_over_time(Trace{}, 10), IsEmpty()); }

}  // namespace
}  // namespace mk
