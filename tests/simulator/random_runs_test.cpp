// What holds for every run: drawn graphs, each policy, each way to split the SMs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/cause.h"
#include "core/random.h"
#include "tests/simulator/drawn.h"

namespace mk {
namespace {

using testing::all_splits;
using testing::describe;
using testing::drawn_exchange;
using testing::drawn_graph;

// Calls check(graph, options, result) for each drawn run, on one device and on several.
template <typename Check>
void for_each_run(Check&& check) {
  const Machine machine = load_machine("h100-sxm").value();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto devices = static_cast<std::uint8_t>(seed % 4 == 0 ? 3 : 1);
    const auto graph = devices == 1 ? drawn_graph(seed) : drawn_exchange(seed, devices);
    for (const SimulationOptions& options : all_splits(seed)) {
      const bool has_jit = facts(options.policy.kind).has_jit_queue;
      if (devices > 1 && options.roles.schedulers == 0 && has_jit) continue;  // refused
      SCOPED_TRACE(describe(options));
      const Result<SimulationResult> result = simulate(graph, machine, options);
      ASSERT_TRUE(result) << result.error().message;
      check(*graph, options, *result);
    }
  }
}

TEST(RandomRuns, EachTaskRunsOnceAnIteration) {
  for_each_run(
      [](const TaskGraph& graph, const SimulationOptions& options, const SimulationResult& result) {
        std::vector<std::uint32_t> times(graph.task_count());
        for (const TaskRecord& task : result.record->tasks) ++times[task.task];
        for (const std::uint32_t n : times) ASSERT_EQ(n, options.iterations.size());
      });
}

TEST(RandomRuns, BodiesOfOneLaneNeverOverlap) {
  for_each_run([](const TaskGraph&, const SimulationOptions&, const SimulationResult& result) {
    std::map<std::uint32_t, std::vector<std::pair<Nanoseconds, Nanoseconds>>> lanes;
    for (const TaskRecord& task : result.record->tasks) {
      lanes[task.lane].emplace_back(task.start, task.end);
    }
    for (auto& [lane, bodies] : lanes) {
      std::sort(bodies.begin(), bodies.end());
      for (std::size_t i = 1; i < bodies.size(); ++i) {
        ASSERT_LE(bodies[i - 1].second, bodies[i].first) << "lane " << lane;
      }
    }
  });
}

TEST(RandomRuns, TheInstantsOfATaskStandInOrder) {
  for_each_run([](const TaskGraph&, const SimulationOptions&, const SimulationResult& result) {
    for (const TaskRecord& task : result.record->tasks) {
      const Nanoseconds enqueued = task.enqueued == kNotTaken ? 0 : task.enqueued;
      ASSERT_LE(enqueued, task.fetched);
      ASSERT_LE(task.fetched, task.start);
      if (task.preload != kNotTaken) {
        ASSERT_LE(task.fetched, task.preload);
        ASSERT_LE(task.preload, task.start);
        ASSERT_EQ(task.start, task.first_data);
      }
      ASSERT_LE(task.ready, task.start);
      ASSERT_LE(task.start, task.first_data);
      ASSERT_LE(task.first_data, task.end);
      ASSERT_LE(task.end, task.notified);
    }
  });
}

// An event's activation is the last arrival of its producers, recomputed from the records.
TEST(RandomRuns, EventsAreActivatedByTheirLastProducer) {
  for_each_run(
      [](const TaskGraph& graph, const SimulationOptions& options, const SimulationResult& result) {
        const RunRecord& record = *result.record;
        const std::size_t events = graph.event_count();
        std::vector<Nanoseconds> last(events * options.iterations.size(), kNotTaken);
        for (std::size_t i = 0; i < record.iterations.size(); ++i) {
          last[i * events] = record.iterations[i].start;
        }
        for (const TaskRecord& task : record.tasks) {
          const std::uint32_t event = graph.tasks().triggering_event[task.task];
          Nanoseconds& activated = last[task.iteration * events + event];
          activated = std::max(activated, task.notified);
        }
        for (const TaskRecord& task : record.tasks) {
          const std::uint32_t event = graph.tasks().dependent_event[task.task];
          ASSERT_EQ(task.ready, last[task.iteration * events + event]);
        }
        for (const ActivationRecord& row : record.activations) {
          ASSERT_EQ(row.activated, last[row.iteration * events + row.event]);
          if (row.dequeued == kNotTaken) continue;
          ASSERT_LE(row.activated, row.dequeued);
          if (row.launched == kNotTaken) continue;
          ASSERT_LE(row.dequeued, row.launched);
        }
        for (std::size_t i = 0; i < record.iterations.size(); ++i) {
          ASSERT_EQ(record.iterations[i].end, last[(i + 1) * events - 1]);
        }
      });
}

TEST(RandomRuns, NoRunIsShorterThanItsLowerBounds) {
  for_each_run([](const TaskGraph&, const SimulationOptions&, const SimulationResult& result) {
    ASSERT_GT(result.bounds->largest().count(), 0);
    ASSERT_GE(result.makespan, result.bounds->bytes);
    ASSERT_GE(result.makespan, result.bounds->flop);
    ASSERT_GE(result.makespan, result.bounds->critical_path);
    ASSERT_GE(result.makespan, result.bounds->work);
  });
}

TEST(RandomRuns, CausesOfEachWorkerSumToTheMakespan) {
  for_each_run(
      [](const TaskGraph& graph, const SimulationOptions& options, const SimulationResult& result) {
        const Nanoseconds makespan =
            result.record->iterations.back().end - result.record->iterations.front().start;
        std::vector<Nanoseconds> sum(options.roles.workers * graph.info().devices);
        for (const Interval& interval : derive_intervals(*result.record)) {
          sum[interval.lane()] += interval.end - interval.start;
          ASSERT_NE(interval.cause(), Cause::kUnknown);
        }
        for (const Nanoseconds total : sum) ASSERT_EQ(total, makespan);
      });
}

TEST(RandomRuns, EachByteIsStreamedOnce) {
  const double spec = load_machine("h100-sxm")->memory.spec_bandwidth.value;
  for_each_run(
      [&](const TaskGraph& graph, const SimulationOptions&, const SimulationResult& result) {
        const double streamed =
            result.hbm_fraction * to_seconds(result.makespan) * spec * 1e9 * graph.info().devices;
        const auto expected =
            static_cast<double>(result.bounds->weight_bytes + result.bounds->kv_bytes);
        ASSERT_NEAR(streamed, expected, 1e-6 * expected);
      });
}

TEST(RandomRuns, TheSameInputGivesTheSameRecord) {
  const Machine machine = load_machine("h100-sxm").value();
  for_each_run([&](const TaskGraph& graph, const SimulationOptions& options,
                   const SimulationResult& result) {
    const auto copy = std::make_shared<const TaskGraph>(graph);
    const SimulationResult again = simulate(copy, machine, options).value();
    ASSERT_EQ(again.makespan, result.makespan);
    ASSERT_EQ(again.events_processed, result.events_processed);
    ASSERT_EQ(again.record->tasks.size(), result.record->tasks.size());
    for (std::size_t i = 0; i < again.record->tasks.size(); ++i) {
      const TaskRecord& a = again.record->tasks[i];
      const TaskRecord& b = result.record->tasks[i];
      ASSERT_EQ(std::tie(a.task, a.lane, a.start, a.end, a.notified),
                std::tie(b.task, b.lane, b.start, b.end, b.notified));
    }
  });
}

TEST(RandomRuns, RecordingChangesNothing) {
  const Machine machine = load_machine("h100-sxm").value();
  for_each_run([&](const TaskGraph& graph, const SimulationOptions& options,
                   const SimulationResult& result) {
    SimulationOptions silent = options;
    silent.record = false;
    const auto copy = std::make_shared<const TaskGraph>(graph);
    const SimulationResult without = simulate(copy, machine, silent).value();
    ASSERT_EQ(without.makespan, result.makespan);
    ASSERT_FALSE(without.record);
  });
}

// Tasks placed ahead run where the tables put them, turned by the iteration's phase.
TEST(RandomRuns, TasksPlacedAheadRunWhereTheTablesSay) {
  for_each_run(
      [](const TaskGraph& graph, const SimulationOptions& options, const SimulationResult& result) {
        if (graph.info().devices > 1) return;  // has tables of its own for each
        const PlacementTables tables = make_placement(graph, options.policy, options.roles);
        const bool is_static = options.policy.kind == PolicyKind::kStatic;
        std::vector<std::uint32_t> list(graph.task_count(), kNoIndex);
        for (std::uint32_t w = 0; w < options.roles.workers; ++w) {
          for (const std::uint32_t task : tables.worker_list(w)) list[task] = w;
        }
        for (const TaskRecord& task : result.record->tasks) {
          if (list[task.task] == kNoIndex) continue;
          std::uint32_t expected = list[task.task];
          for (std::uint32_t d = 0; !is_static && d < options.roles.dispatchers(); ++d) {
            const WorkerRange own = workers_of(options.roles, d);
            if (task.lane < own.begin || task.lane >= own.end) continue;
            const std::uint32_t phase = phase_in(own, tables.phase_step[d], task.iteration);
            ASSERT_EQ(list_of(own, task.lane, phase), list[task.task]);
            expected = task.lane;
          }
          ASSERT_EQ(task.lane, expected);
        }
      });
}

}  // namespace
}  // namespace mk
