// What the host recorder costs a run: the same run with the recorder on and off, turn by turn, so
// that whatever else disturbs the machine disturbs both.
//
//   body us  tasks  rounds   off us/task   on us/task   overhead %   quartiles %
//
// us/task: an iteration over its tasks (so with two workers half of a body, and the protocol).
// Overhead: the median over rounds of on / off - 1, each side of a round the median of its
// iterations. To be reached: at most 4 % at 2 us, 1 % at 10 us.
//
// recorder_benchmark [ROUNDS]: needs a quiet machine with two cores.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "gpu_backend/host/run_on_threads.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

constexpr std::uint32_t kIterations = 6;

// A fixed number of dependent steps: the same work with and without recorder.
std::uint64_t work(std::uint64_t steps, std::uint64_t seed) {
  for (std::uint64_t i = 0; i < steps; ++i)
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
  return seed;
}

double microseconds_of(std::uint64_t steps) {
  std::vector<double> times;
  volatile std::uint64_t sink = 1;
  for (int i = 0; i < 51; ++i) {
    const auto start = std::chrono::steady_clock::now();
    sink = work(steps, sink);
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::nth_element(times.begin(), times.begin() + 25, times.end());
  return times[25];
}

class WorkingProgram {
 public:
  WorkingProgram(std::uint64_t steps, std::uint32_t tasks) : steps_(steps), results_(tasks) {}
  void execute(std::uint32_t, std::uint32_t task, std::uint32_t) {
    results_[task].value = work(steps_, results_[task].value);
  }
  bool prepare(std::uint32_t iteration, IterationState&) { return iteration < kIterations; }

 private:
  std::uint64_t steps_;
  // A line each: workers that write to one line would wait for each other, which a stamp shows.
  struct alignas(128) Cell {
    std::uint64_t value = 1;
  };
  std::vector<Cell> results_;
};

// The median iteration, in us a task.
double run(const std::shared_ptr<const TaskGraph>& graph, std::uint64_t steps, bool record) {
  HostRunOptions options;
  options.policy.kind = PolicyKind::kStatic;
  options.roles = {2, 0};
  options.record = record;
  options.record_rows = std::uint64_t{graph->task_count()} * kIterations;
  WorkingProgram program(steps, graph->task_count());
  const Result<RunRecord> result = run_on_threads(graph, program, options);
  if (!result) {
    fmt::print(stderr, "recorder_benchmark: {}\n", result.error().message);
    std::exit(1);
  }
  std::vector<double> us;
  for (std::size_t i = 1; i < result->iterations.size(); ++i) {
    us.push_back(static_cast<double>(result->iterations[i].end - result->iterations[i].start) *
                 1e-3);
  }
  std::nth_element(us.begin(), us.begin() + static_cast<std::ptrdiff_t>(us.size() / 2), us.end());
  return us[us.size() / 2] / graph->task_count();
}

double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

void compare(const std::shared_ptr<const TaskGraph>& graph, double body_us, int rounds) {
  constexpr std::uint64_t kProbe = 100000;
  const double us_per_step = microseconds_of(kProbe) / static_cast<double>(kProbe);
  const auto steps = static_cast<std::uint64_t>(body_us / us_per_step);
  std::vector<double> off;
  std::vector<double> on;
  std::vector<double> overhead;
  for (int round = 0; round < rounds; ++round) {
    const bool on_first = round % 2 == 1;
    const double first = run(graph, steps, on_first);
    const double second = run(graph, steps, !on_first);
    on.push_back(on_first ? first : second);
    off.push_back(on_first ? second : first);
    overhead.push_back(100 * (on.back() / off.back() - 1));
  }
  fmt::print("{:>7.1f} {:>6} {:>7} {:>13.3f} {:>12.3f} {:>12.1f} {:>7.1f} .. {:.1f}\n", body_us,
             graph->task_count(), rounds, quantile(off, 0.5), quantile(on, 0.5),
             quantile(overhead, 0.5), quantile(overhead, 0.25), quantile(overhead, 0.75));
  std::fflush(stdout);
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
  if (rounds < 1) {
    fmt::print(stderr, "usage: recorder_benchmark [ROUNDS]\n");
    return 2;
  }
  const auto graph = std::make_shared<const mk::TaskGraph>(
      mk::testing::grouped_graph({.operators = 40, .tasks = 128}));
  fmt::print("body us  tasks  rounds   off us/task   on us/task   overhead %   quartiles %\n");
  for (const double body_us : {2.0, 10.0}) mk::compare(graph, body_us, rounds);
  return 0;
}
