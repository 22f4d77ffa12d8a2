#include "tests/perf/simgrid_rival.h"

#include "tests/perf/cpu_seconds.h"

#if defined(MEGASCOPE_SIMGRID)
#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <vector>

namespace mk::perf {
namespace {

namespace sg = simgrid::s4u;

struct Event {
  std::uint32_t missing = 0;
  int waiting = 0;
  sg::SemaphorePtr active{};
};

struct Run {
  const TaskGraph& graph;
  const RivalWork& work;
  std::vector<Event> events{};
};

void run_worker(Run* run, std::uint32_t worker) {
  const TaskColumns& columns = run->graph.tasks();
  for (std::uint32_t task = worker; task < run->work.tasks; task += run->work.workers) {
    const std::uint32_t waits = columns.dependent_event[task];
    if (waits != 0) run->events[waits].active->acquire();
    const double limit = run->work.limit(task) * 1e3;
    sg::this_actor::exec_init(run->work.bytes(task))->set_bound(limit)->wait();
    Event& event = run->events[columns.triggering_event[task]];
    if (--event.missing > 0) continue;
    for (int i = 0; i < event.waiting; ++i) event.active->release();
  }
}

}  // namespace

std::optional<RivalResult> run_simgrid(const TaskGraph& graph, const RivalWork& work) {
  int argc = 1;
  char program[] = "rival";
  char* argv[] = {program, nullptr};
  sg::Engine engine(&argc, argv);
  auto* zone = sg::create_full_zone("zone");
  sg::Host* memory = zone->create_host("memory", work.bandwidth * 1e3)->seal();
  zone->seal();
  Run run{graph, work};
  run.events.resize(graph.event_count());
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    run.events[e].missing = graph.events().trigger_count[e];
    if (graph.events().first_task[e] >= work.tasks) continue;
    run.events[e].waiting =
        static_cast<int>(graph.events().end_task[e] - graph.events().first_task[e]);
    run.events[e].active = sg::Semaphore::create(0);
  }
  for (std::uint32_t w = 0; w < work.workers; ++w) {
    sg::Actor::create(fmt::format("worker{}", w), memory, run_worker, &run, w);
  }
  const double before = cpu_seconds();
  engine.run();
  const double passed = cpu_seconds() - before;
  return RivalResult{work.tasks / passed, sg::Engine::get_clock()};
}

}  // namespace mk::perf

#else

namespace mk::perf {

std::optional<RivalResult> run_simgrid(const TaskGraph&, const RivalWork&) { return std::nullopt; }

}  // namespace mk::perf

#endif
