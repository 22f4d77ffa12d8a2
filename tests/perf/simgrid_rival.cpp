#include "tests/perf/simgrid_rival.h"

#if defined(MEGASCOPE_SIMGRID)
#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <chrono>
#include <vector>

namespace mk::perf {
namespace {

namespace sg = simgrid::s4u;

struct Event {
  std::uint32_t missing = 0;
  int waiting = 0;
  sg::SemaphorePtr active{};
};

struct Work {
  const TaskGraph& graph;
  std::uint32_t tasks, workers;
  double bytes, limit;
  std::vector<Event> events{};
};

void run_worker(Work* work, std::uint32_t worker) {
  const TaskColumns& columns = work->graph.tasks();
  for (std::uint32_t task = worker; task < work->tasks; task += work->workers) {
    const std::uint32_t waits = columns.dependent_event[task];
    if (waits != 0) work->events[waits].active->acquire();
    // Half of the tasks have another limit, so that limits are mixed.
    const double limit = task % 2 == 0 ? work->limit : work->limit / 2;
    sg::this_actor::exec_init(work->bytes)->set_bound(limit)->wait();
    Event& event = work->events[columns.triggering_event[task]];
    if (--event.missing > 0) continue;
    for (int i = 0; i < event.waiting; ++i) event.active->release();
  }
}

}  // namespace

std::optional<RivalResult> run_simgrid(const TaskGraph& graph, std::uint32_t tasks,
                                       std::uint32_t workers, std::int64_t bytes, double limit,
                                       double bandwidth) {
  int argc = 1;
  char program[] = "rival";
  char* argv[] = {program, nullptr};
  sg::Engine engine(&argc, argv);
  auto* zone = sg::create_full_zone("zone");
  sg::Host* memory = zone->create_host("memory", bandwidth * 1e3)->seal();
  zone->seal();
  Work work{graph, tasks, workers, static_cast<double>(bytes), limit * 1e3};
  work.events.resize(graph.event_count());
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    const bool is_run = graph.events().first_task[e] < tasks;
    work.events[e].missing = graph.events().trigger_count[e];
    work.events[e].waiting =
        static_cast<int>(graph.events().end_task[e] - graph.events().first_task[e]);
    if (is_run) work.events[e].active = sg::Semaphore::create(0);
    if (!is_run) work.events[e].waiting = 0;
  }
  for (std::uint32_t w = 0; w < workers; ++w) {
    sg::Actor::create(fmt::format("worker{}", w), memory, run_worker, &work, w);
  }
  const auto before = std::chrono::steady_clock::now();
  engine.run();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - before;
  return RivalResult{tasks / passed.count(), sg::Engine::get_clock()};
}

}  // namespace mk::perf

#else

namespace mk::perf {

std::optional<RivalResult> run_simgrid(const TaskGraph&, std::uint32_t, std::uint32_t, std::int64_t,
                                       double, double) {
  return std::nullopt;
}

}  // namespace mk::perf

#endif
