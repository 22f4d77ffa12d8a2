#include "tests/gui/sample_traces.h"

#include <random>

#include "tests/traces/tiny_run.h"

namespace mk::testing {

std::unique_ptr<RandomBands> random_bands(std::uint32_t seed, std::size_t lanes, std::size_t a_lane,
                                          Nanoseconds span) {
  auto random = std::make_unique<RandomBands>();
  std::mt19937 engine(seed);
  const auto below = [&](Nanoseconds n) {
    return static_cast<Nanoseconds>(engine() % static_cast<std::uint64_t>(n));
  };
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    random->bands.lane_begin.push_back(static_cast<std::uint32_t>(random->start.size()));
    Nanoseconds time = below(span / 8);
    for (std::size_t k = 0; lane % 5 != 4 && k < a_lane; ++k) {
      const Nanoseconds mean = span / static_cast<Nanoseconds>(a_lane);
      time += below(mean);
      random->start.push_back(time);
      time += below(3) == 0 ? below(4) : below(mean);
      random->end.push_back(time);
      random->category.push_back(static_cast<std::uint8_t>(below(7)));
    }
    random->bands.lane_end.push_back(static_cast<std::uint32_t>(random->start.size()));
  }
  random->bands.start = random->start;
  random->bands.end = random->end;
  random->bands.category = random->category;
  return random;
}

std::unique_ptr<gui::LoadedTrace> tiny_trace(const char* name, Nanoseconds later) {
  RunRecord run = two_iteration_run();
  for (TaskRecord& task : run.tasks) {
    task.start += later;
    task.end += later;
    task.notified += later;
  }
  return std::make_unique<gui::LoadedTrace>(name, std::string(),
                                            std::make_shared<const Trace>(make_trace(run)));
}

std::unique_ptr<gui::Session> tiny_session() {
  auto session = std::make_unique<gui::Session>();
  session->add(tiny_trace("predicted"));
  session->add(tiny_trace("measured", 20));
  return session;
}

}  // namespace mk::testing
