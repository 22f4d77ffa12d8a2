#include "core/port_share.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace mk {
namespace {

constexpr double kRounding = 1e-9;

// Ports with so many streams each, of which each asks for `of_one`.
std::vector<PortDemand> ports(std::initializer_list<std::uint32_t> streams, double of_one) {
  std::vector<PortDemand> all;
  for (const std::uint32_t k : streams) all.push_back({k, k * of_one});
  return all;
}

double allowed_in_all(const std::vector<PortDemand>& ports) {
  return std::accumulate(ports.begin(), ports.end(), 0.0,
                         [](double sum, const PortDemand& port) { return sum + port.allowed; });
}

TEST(PortShare, WhereTheMemoryGivesAllThatIsAskedForEachPortGetsThat) {
  std::vector<PortDemand> all = ports({1, 0, 6}, 10);
  share_by_port(all, 70, 1);
  EXPECT_NEAR(all[0].allowed, 10, kRounding);
  EXPECT_EQ(all[1].allowed, 0);
  EXPECT_NEAR(all[2].allowed, 60, kRounding);
}

TEST(PortShare, WhereNearlyAllIsMissingPortsGetTheSame) {
  std::vector<PortDemand> all = ports({4, 6}, 1e9);
  share_by_port(all, 10, 1);
  EXPECT_NEAR(all[0].allowed, 5, 1e-6);
  EXPECT_NEAR(all[1].allowed, 5, 1e-6);
}

TEST(PortShare, LittleContentionSharesByStream) {
  std::vector<PortDemand> all = ports({4, 6}, 100);
  share_by_port(all, 10, 1e-9);
  EXPECT_NEAR(all[0].allowed, 4, 1e-6);
  EXPECT_NEAR(all[1].allowed, 6, 1e-6);
}

TEST(PortShare, InBetweenSharesAreTheChancesThatAPortHasARequestWaiting) {
  std::vector<PortDemand> all = ports({1, 3}, 25);  // 100 demanded, 50 granted: half is missing
  share_by_port(all, 50, 0.6);
  const double one = 0.3, three = 1 - std::pow(0.7, 3);
  EXPECT_NEAR(all[0].allowed, 50 * one / (one + three), kRounding);
  EXPECT_NEAR(all[1].allowed, 50 * three / (one + three), kRounding);
}

TEST(PortShare, WhatAPortDoesNotAskForGoesToTheOthers) {
  std::vector<PortDemand> all = {{1, 5}, {1, 100}, {1, 100}};
  share_by_port(all, 65, 1);
  EXPECT_EQ(all[0].allowed, 5);
  EXPECT_NEAR(all[1].allowed, 30, kRounding);
  EXPECT_NEAR(all[2].allowed, 30, kRounding);
}

TEST(PortShare, GivesOutWhatIsGrantedWhateverTheDemands) {
  for (std::uint32_t most = 1; most <= 9; ++most) {
    std::vector<PortDemand> all;
    double demanded = 0;
    for (std::uint32_t i = 0; i < 24; ++i) {
      all.push_back({i % (most + 1), (i % (most + 1)) * (10.0 + i * i % 7)});
      demanded += all.back().demanded;
    }
    for (const double part : {0.05, 0.3, 0.9, 0.999, 1.0}) {
      share_by_port(all, part * demanded, 0.7);
      EXPECT_NEAR(allowed_in_all(all), part * demanded, demanded * 1e-12) << most << " " << part;
      for (const PortDemand& port : all) EXPECT_LE(port.allowed, port.demanded);
    }
  }
}

}  // namespace
}  // namespace mk
