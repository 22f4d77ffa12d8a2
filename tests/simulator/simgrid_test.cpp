// MemoryServer against the max-min solver of SimGrid, which solves a more general problem its own
// way: random streams of mixed limits and weights, and preloads that bodies take over, end at the
// same instants to a millionth of their duration. Skipped, and says so, where SimGrid is not there.
#include <gtest/gtest.h>

#if defined(MEGASCOPE_SIMGRID)
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/random.h"
#include "simulator/memory_server.h"

namespace mk::simulator {
namespace {

namespace sg = simgrid::s4u;

constexpr double kBandwidth = 1000;  // GB/s: 1e6 bytes a us
constexpr double kLimits[] = {15, 30, 60};
constexpr std::uint32_t kWorkers = 40;

// A worker's task: a part of its bytes is requested at `ahead`, the rest at `start`, behind it.
struct Task {
  double ahead = 0;  // us
  double start = 0;
  std::int64_t preload = 0;  // bytes
  std::int64_t rest = 0;
  std::uint32_t stream_class = 0;
  double slowness = 1;
};

// One task a worker and round; a round begins when the one before has ended.
using Scenario = std::vector<std::vector<Task>>;

Scenario drawn_scenario(std::uint64_t seed) {
  Scenario rounds(6);
  std::uint32_t drawn = 0;
  const auto draw = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(random_bits(seed, 0, drawn++, 11) % below);
  };
  for (auto& round : rounds) {
    for (std::uint32_t w = 0; w < kWorkers; ++w) {
      Task task;
      task.ahead = draw(20'000) * 1e-3;
      task.start = task.ahead + draw(20'000) * 1e-3 + 1e-3;
      task.preload = 1'000 + draw(600'000);
      task.rest = 1'000 + draw(1'500'000);
      task.stream_class = draw(3);
      task.slowness = 1024.0 / (700 + draw(600));  // a weight that 20 bits hold
      round.push_back(task);
    }
  }
  return rounds;
}

// When the last byte of each task has come, us from the round's begin.
using Ends = std::vector<std::vector<double>>;

Ends of_memory_server(const Scenario& scenario) {
  Ends all;
  for (const auto& round : scenario) {
    MemoryServer::Settings settings;
    settings.workers = kWorkers;
    settings.limits.assign(std::begin(kLimits), std::end(kLimits));
    settings.supply.assign(kWorkers + 1, kBandwidth);
    settings.smooth_knee = false;
    MemoryServer server(settings);
    enum class State { kBefore, kAhead, kLoaded, kBody, kDone };
    std::vector<State> state(kWorkers, State::kBefore);
    std::vector<double> ends(kWorkers);
    const auto ps = [](double us) { return static_cast<std::int64_t>(std::llround(us * 1e6)); };
    for (;;) {
      std::int64_t next = MemoryServer::kNever;
      std::uint32_t who = 0;
      for (std::uint32_t w = 0; w < kWorkers; ++w) {
        const std::int64_t at = state[w] == State::kBefore ? ps(round[w].ahead)
                                : state[w] == State::kAhead || state[w] == State::kLoaded
                                    ? ps(round[w].start)
                                    : MemoryServer::kNever;
        if (at < next) next = at, who = w;
      }
      if (next == MemoryServer::kNever && server.next_end() == MemoryServer::kNever) break;
      if (server.next_end() <= next) {
        // Of a worker that has taken its preload over, the preload and its rest are one stream.
        const std::int64_t end = server.next_end();
        const std::uint32_t w = server.finish_next();
        if (state[w] == State::kAhead) {
          state[w] = State::kLoaded;
        } else {
          state[w] = State::kDone;
          ends[w] = static_cast<double>(end) * 1e-6;
        }
        continue;
      }
      const Task& task = round[who];
      if (state[who] == State::kBefore) {
        server.start(next, who, task.stream_class, task.preload, task.slowness);
        state[who] = State::kAhead;
      } else {
        if (state[who] == State::kAhead) {
          server.extend(next, who, task.stream_class, task.rest, task.slowness);
        } else {
          server.start(next, who, task.stream_class, task.rest, task.slowness);
        }
        state[who] = State::kBody;
      }
    }
    all.push_back(ends);
  }
  return all;
}

// SimGrid's second is our microsecond, a flop a byte; a host is a memory, an execution a stream.
void run_task(const Task& task, double* end) {
  const double limit = kLimits[task.stream_class] * 1e3 / task.slowness;
  const auto stream = [&](std::int64_t bytes) {
    return sg::this_actor::exec_init(static_cast<double>(bytes))
        ->set_bound(limit)
        ->set_priority(1 / task.slowness);
  };
  sg::this_actor::sleep_for(task.ahead);
  const sg::ExecPtr preload = stream(task.preload);
  preload->start();
  sg::this_actor::sleep_for(task.start - task.ahead);
  preload->wait();
  stream(task.rest)->wait();
  *end = sg::Engine::get_clock();
}

std::vector<Ends> of_simgrid(const std::vector<Scenario>& scenarios) {
  int argc = 3;
  char program[] = "test", timing[] = "--cfg=surf/precision:1e-12",
       work[] = "--cfg=maxmin/precision:1e-9";
  char* argv[] = {program, timing, work, nullptr};
  sg::Engine engine(&argc, argv);
  auto* zone = sg::create_full_zone("zone");
  std::vector<Ends> all(scenarios.size());
  // Each round on a host of its own: hosts do not share.
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    all[s].assign(scenarios[s].size(), std::vector<double>(kWorkers));
    for (std::size_t r = 0; r < scenarios[s].size(); ++r) {
      const std::string name = "memory" + std::to_string(s) + "_" + std::to_string(r);
      sg::Host* host = zone->create_host(name, kBandwidth * 1e3)->seal();
      for (std::uint32_t w = 0; w < kWorkers; ++w) {
        sg::Actor::create(name + "_" + std::to_string(w), host, run_task, scenarios[s][r][w],
                          &all[s][r][w]);
      }
    }
  }
  zone->seal();
  engine.run();
  return all;
}

TEST(MemoryServer, AgreesWithSimGridOnMixedLimitsAndPreloads) {
  std::vector<Scenario> scenarios;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) scenarios.push_back(drawn_scenario(seed));
  const std::vector<Ends> expected = of_simgrid(scenarios);
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const Ends ours = of_memory_server(scenarios[s]);
    for (std::size_t r = 0; r < ours.size(); ++r) {
      for (std::uint32_t w = 0; w < kWorkers; ++w) {
        const double duration = expected[s][r][w] - scenarios[s][r][w].ahead;
        // A millionth, and the few ps that rounding up to whole ones takes.
        ASSERT_NEAR(ours[r][w], expected[s][r][w], 1e-6 * duration + 5e-6)
            << "scenario " << s << " round " << r << " worker " << w;
      }
    }
  }
}

}  // namespace
}  // namespace mk::simulator

#else

TEST(MemoryServer, AgreesWithSimGridOnMixedLimitsAndPreloads) {
  GTEST_SKIP() << "SimGrid is not there (Debian: libsimgrid-dev)";
}

#endif
