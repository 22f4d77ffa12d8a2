#include "simulator/memory_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace mk::simulator {
namespace {

struct Stream {
  std::int64_t start = 0;
  std::uint32_t stream_class = 0;
  std::int64_t bytes = 0;
  double slowness = 1;
  double end = 0;
};

// From 1e9 on to less than a double can tell.
constexpr int kBisections = 90;

// Water-filling by bisection of the level, recomputed at each start and end: slow and plain.
class Reference {
 public:
  explicit Reference(const MemoryServer::Settings& settings) : settings_(settings) {}

  void run(std::vector<Stream>& streams) {
    std::vector<double> left(streams.size());
    std::vector<bool> running(streams.size()), done(streams.size());
    double now = 0;
    for (std::size_t ended = 0; ended < streams.size();) {
      const std::vector<double> rate = rates(streams, running);
      double next = 1e300;
      for (std::size_t i = 0; i < streams.size(); ++i) {
        if (running[i]) next = std::min(next, now + left[i] / rate[i]);
        if (!running[i] && !done[i]) next = std::min(next, static_cast<double>(streams[i].start));
      }
      for (std::size_t i = 0; i < streams.size(); ++i) {
        if (running[i]) left[i] -= rate[i] * (next - now);
        if (!running[i] && !done[i] && static_cast<double>(streams[i].start) <= next) {
          running[i] = true;
          left[i] = static_cast<double>(streams[i].bytes);
        } else if (running[i] && left[i] < 1e-6) {
          running[i] = false;
          done[i] = true;
          streams[i].end = next;
          ++ended;
        }
      }
      now = next;
    }
  }

 private:
  std::vector<double> rates(const std::vector<Stream>& streams,
                            const std::vector<bool>& running) const {
    const auto count = static_cast<std::size_t>(std::count(running.begin(), running.end(), true));
    const double supply = settings_.supply[count] * 1e-3;
    // The highest level at which what streams `of` takes in is not more than `most`.
    const auto level_for = [&](double most, const auto& of, const auto& at) {
      double low = 0;
      double high = 1e6;
      for (int step = 0; step < kBisections; ++step) {
        const double middle = 0.5 * (low + high);
        double sum = 0;
        for (std::size_t i = 0; i < streams.size(); ++i) {
          if (running[i] && of(i)) sum += at(middle, i);
        }
        (sum <= most ? low : high) = middle;
      }
      return low;
    };
    const auto alone = [&](double level, std::size_t i) {
      return std::min(settings_.limits[streams[i].stream_class] * 1e-3, level) /
             streams[i].slowness;
    };
    std::vector<double> group_level(streams.size(), 1e6);  // by group
    for (std::uint32_t group = 0; group < groups() && settings_.group_limit > 0; ++group) {
      const auto in_group = [&](std::size_t j) { return settings_.group_of[j] == group; };
      group_level[group] = level_for(settings_.group_limit * 1e-3, in_group, alone);
    }
    const auto in_all = [&](double level, std::size_t i) {
      const std::size_t group = groups() > 0 ? settings_.group_of[i] : 0;
      return alone(std::min(level, group_level[group]), i);
    };
    if (settings_.port_contention > 0) return rates_by_port(streams, running, in_all);
    const double level = level_for(
        supply, [](std::size_t) { return true; }, in_all);
    std::vector<double> result(streams.size());
    for (std::size_t i = 0; i < streams.size(); ++i) result[i] = in_all(level, i);
    return result;
  }

  std::uint32_t groups() const {
    const auto& of = settings_.group_of;
    return of.empty() ? 0 : *std::max_element(of.begin(), of.end()) + 1;
  }

  // Ports in proportion to the chances that one of their streams waits; in a port max-min.
  template <typename At>
  std::vector<double> rates_by_port(const std::vector<Stream>& streams,
                                    const std::vector<bool>& running, const At& at) const {
    const std::size_t count = streams.size();
    double granted = 0;
    double demanded = 0;
    std::vector<double> of_port(count, 0);  // demanded, by port
    std::vector<double> in_port(count, 0);  // streams
    for (std::size_t i = 0; i < count; ++i) {
      if (!running[i]) continue;
      granted += 1;
      demanded += at(1e6, i);
      of_port[settings_.group_of[i]] += at(1e6, i);
      in_port[settings_.group_of[i]] += 1;
    }
    granted = std::min(settings_.supply[static_cast<std::size_t>(granted)] * 1e-3, demanded);
    const double waiting = settings_.port_contention * (1 - granted / demanded);
    const auto allowed = [&](std::size_t port, double each) {
      const double chance =
          waiting < 1e-7 ? in_port[port] : 1 - std::pow(1 - waiting, in_port[port]);
      return std::min(of_port[port], each * chance);
    };
    const auto bisected = [](double most, const auto& sum_at) {
      double low = 0;
      double high = 1e9;
      for (int step = 0; step < kBisections; ++step) {
        const double middle = 0.5 * (low + high);
        (sum_at(middle) <= most ? low : high) = middle;
      }
      return low;
    };
    const double each = bisected(granted, [&](double level) {
      double sum = 0;
      for (std::size_t port = 0; port < count; ++port) sum += allowed(port, level);
      return sum;
    });
    std::vector<double> result(count);
    for (std::uint32_t port = 0; port < groups(); ++port) {
      const auto goes_through = [&](std::size_t j) {
        return running[j] && settings_.group_of[j] == port;
      };
      const double level = bisected(allowed(port, each), [&](double middle) {
        double sum = 0;
        for (std::size_t j = 0; j < count; ++j) sum += goes_through(j) ? at(middle, j) : 0;
        return sum;
      });
      for (std::size_t i = 0; i < count; ++i) {
        if (goes_through(i)) result[i] = at(level, i);
      }
    }
    return result;
  }

  const MemoryServer::Settings& settings_;
};

MemoryServer::Settings settings(std::uint32_t workers, std::vector<double> limits) {
  MemoryServer::Settings s;
  s.workers = workers;
  s.limits = std::move(limits);
  for (std::uint32_t n = 0; n <= workers; ++n) {
    s.supply.push_back(std::min(100.0, 20.0 * n));  // GB/s
  }
  s.smooth_knee = false;
  return s;
}

// The instants at which the server ends the streams.
std::vector<double> ends(MemoryServer& server, const std::vector<Stream>& streams) {
  std::vector<std::size_t> order(streams.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return streams[a].start < streams[b].start; });
  std::vector<double> result(streams.size());
  std::size_t next = 0;
  for (;;) {
    const std::int64_t start =
        next < order.size() ? streams[order[next]].start : MemoryServer::kNever;
    const std::int64_t end = server.next_end();
    if (start == MemoryServer::kNever && end == MemoryServer::kNever) return result;
    if (end <= start) {
      result[server.finish_next()] = static_cast<double>(end);
    } else {
      const Stream& s = streams[order[next]];
      server.start(start, static_cast<std::uint32_t>(order[next]), s.stream_class, s.bytes,
                   s.slowness);
      ++next;
    }
  }
}

// Drawn streams end when water-filling says so, but for the grain of a rate: 2^-28 bytes a ps, up
// to `grain` of the lowest one.
void expect_water_filling(const MemoryServer::Settings& s, double grain, std::uint32_t seeds) {
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    std::vector<Stream> streams(40);
    for (std::uint32_t i = 0; i < streams.size(); ++i) {
      const std::uint64_t bits = random_bits(seed, 0, i, 9);
      streams[i] = {static_cast<std::int64_t>(bits % 20'000'000),
                    static_cast<std::uint32_t>(bits >> 32 & 3) % 3,
                    1'000 + static_cast<std::int64_t>(bits >> 40 & 0xfffff),
                    0.8 + static_cast<double>(bits >> 60) / 32, 0};
    }
    MemoryServer server(s);
    const std::vector<double> simulated = ends(server, streams);
    Reference(s).run(streams);
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const double duration = streams[i].end - static_cast<double>(streams[i].start);
      EXPECT_NEAR(simulated[i], streams[i].end, grain * duration + 40) << seed << " " << i;
    }
  }
}

TEST(MemoryServer, MixedLimitsAgreeWithWaterFilling) {
  expect_water_filling(settings(40, {3, 8, 21}), 2e-6, 20);
}

TEST(MemoryServer, GroupsThatTakeInSoMuchAgreeWithWaterFillingInBoth) {
  MemoryServer::Settings s = settings(40, {3, 8, 21});
  for (std::uint32_t worker = 0; worker < 40; ++worker) s.group_of.push_back(worker * worker % 5);
  for (const double limit : {4.0, 15.0, 27.0, 60.0}) {
    SCOPED_TRACE(limit);
    s.group_limit = limit;
    expect_water_filling(s, 2e-5, 7);
  }
}

TEST(MemoryServer, GroupsThatShareAsPortsAgreeWithWaterFillingOfTheirChances) {
  MemoryServer::Settings s = settings(40, {3, 8, 21});
  for (std::uint32_t worker = 0; worker < 40; ++worker) s.group_of.push_back(worker * worker % 5);
  for (const double limit : {0.0, 15.0}) {
    for (const double contention : {0.1, 0.6, 1.0}) {
      SCOPED_TRACE(contention);
      s.group_limit = limit;
      s.port_contention = contention;
      expect_water_filling(s, 2e-5, 7);
    }
  }
}

TEST(MemoryServer, AGroupsLimitHoldsWhereTheMemoryIsNotShared) {
  MemoryServer::Settings s = settings(4, {20});
  s.shared = false;
  s.group_limit = 10;
  s.group_of = {0, 0, 0, 1};
  MemoryServer server(s);
  for (std::uint32_t i = 0; i < 4; ++i) server.start(0, i, 0, 20'000, 1);
  EXPECT_NEAR(static_cast<double>(server.next_end()), 2e6, 2);
  EXPECT_EQ(server.finish_next(), 3u);
  EXPECT_NEAR(static_cast<double>(server.next_end()), 6e6, 20);
}

TEST(MemoryServer, EndsTiesByClassThenWorker) {
  MemoryServer server(settings(4, {5, 5}));
  server.start(0, 3, 0, 1'000, 1);
  server.start(0, 1, 1, 1'000, 1);
  server.start(0, 2, 0, 1'000, 1);
  EXPECT_EQ(server.finish_next(), 2u);
  EXPECT_EQ(server.finish_next(), 3u);
  EXPECT_EQ(server.finish_next(), 1u);
  EXPECT_EQ(server.next_end(), MemoryServer::kNever);
}

TEST(MemoryServer, ManyBytesInARowDoNotOverflowItsClock) {
  MemoryServer server(settings(2, {10}));
  std::int64_t now = 0;
  server.start(now, 0, 0, MemoryServer::kMaxBytes, 1);
  for (int i = 0; i < 20; ++i) {
    // One of the two always runs, so that the class is never empty.
    server.start(now, i % 2 == 0 ? 1 : 0, 0, MemoryServer::kMaxBytes, 1);
    now = server.next_end();
    EXPECT_EQ(server.finish_next(), i % 2 == 0 ? 0u : 1u);
  }
  // 20 streams of 8 GiB have ended, two at a time at 10 GB/s each.
  const double seconds = 8589934592.0 * 10 / 10e9;
  EXPECT_NEAR(static_cast<double>(now) * 1e-12, seconds, 1e-6 * seconds);
}

TEST(MemoryServer, UnsharedStreamsRunAtTheirOwnLimit) {
  MemoryServer::Settings s = settings(40, {20});
  s.shared = false;
  MemoryServer server(s);
  for (std::uint32_t i = 0; i < 40; ++i) server.start(0, i, 0, 20'000, 1);
  EXPECT_NEAR(static_cast<double>(server.next_end()), 1e6, 2);
}

}  // namespace
}  // namespace mk::simulator
