// Ports found and contention fitted again from runs of a made-up GPU.
#include "gpu_backend/cuda/microbench/port_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "gpu_backend/cuda/microbench/port_fit.h"

namespace mk::cuda {
namespace {

constexpr std::uint32_t kSms = 44;
constexpr double kAlone = 60;      // GB/s
constexpr double kOffered = 1000;  // GB/s

// Four ports of six SMs, four of five, none of them neighbours.
std::uint32_t port_of(std::uint32_t sm) { return sm < 40 ? sm % 8 : sm - 40; }

std::vector<PartlyIdleRun> runs(std::size_t count, double contention, double noise) {
  std::mt19937 draw(3);
  std::normal_distribution<double> factor(1, noise);
  std::vector<PartlyIdleRun> all(count, {std::vector<double>(kSms, 0)});
  for (PartlyIdleRun& run : all) {
    CrowdedStreams streams{std::vector<std::uint32_t>(8, 0), kAlone};
    for (double& us : run.us) us = draw() % 3 == 0 ? 0 : 1;
    for (std::uint32_t sm = 0; sm < kSms; ++sm) {
      if (run.us[sm] > 0) ++streams.ports[port_of(sm)];
    }
    const std::vector<double> rates = rates_by_crowd(streams, kOffered, contention);
    for (std::uint32_t sm = 0; sm < kSms; ++sm) {
      if (run.us[sm] > 0) run.us[sm] = 1000 / rates[streams.ports[port_of(sm)]] * factor(draw);
    }
  }
  return all;
}

TEST(PortMap, FindsWhoSharesAPort) {
  const auto ports = ports_of(runs(400, 0.6, 0.02), kSms);
  ASSERT_TRUE(ports);
  for (std::uint32_t a = 0; a < kSms; ++a) {
    for (std::uint32_t b = 0; b < kSms; ++b) {
      EXPECT_EQ((*ports)[a] == (*ports)[b], port_of(a) == port_of(b)) << a << " " << b;
    }
  }
  EXPECT_EQ((*ports)[0], 0u);
  EXPECT_EQ(*std::ranges::max_element(*ports), 7u);
}

TEST(PortMap, SaysNothingWhereSmsShareByStreamOrTheRunsAreTooFew) {
  EXPECT_FALSE(ports_of(runs(400, 1e-9, 0.02), kSms));
  EXPECT_FALSE(ports_of(runs(20, 0.6, 0.05), kSms));
  EXPECT_FALSE(ports_of({}, kSms));
}

TEST(PortMap, ALaunchTakesFirstWhatMostLaunchesTake) {
  const std::vector<std::vector<std::uint32_t>> launches = {{2}, {2, 0}, {2, 3}, {2, 0, 3}};
  EXPECT_EQ(launch_order(launches, 4), (std::vector<std::uint32_t>{2, 0, 3, 1}));
}

TEST(PortFit, TheRatesOfACrowdAreClosedFormsWhereAllPortsAreAlike) {
  const std::vector<double> rates = rates_by_crowd({{5, 5, 5, 5}, kAlone}, 100, 0.5);
  // 1,200 asked for, 100 offered: but for the knee 5 each.
  EXPECT_NEAR(rates[5], 5, 0.01);
}

TEST(PortFit, TheSlowestTellWhatIsOffered) {
  const CrowdedStreams streams{{6, 6, 4, 0, 3}, kAlone};
  const double slowest = rates_by_crowd(streams, 400, 0.7)[6];
  EXPECT_NEAR(offered_to(streams, slowest, 0.7), 400, 0.1);
}

TEST(PortFit, FindsTheContentionThatTheRatesWereMadeWith) {
  std::vector<CrowdedRates> measured;
  for (const std::uint32_t more : {0U, 1U, 2U}) {
    const CrowdedStreams streams{{4 + more, 4 + more, 4, 3 + more, 2}, kAlone};
    measured.push_back({streams, rates_by_crowd(streams, 500 + 40.0 * more, 0.55)});
  }
  const auto contention = fit_port_contention(measured);
  ASSERT_TRUE(contention);
  EXPECT_NEAR(*contention, 0.55, 0.011);
  for (CrowdedRates& m : measured) m.rates = {0, 0, 0, 0, 20};
  EXPECT_FALSE(fit_port_contention(measured));
}

}  // namespace
}  // namespace mk::cuda
