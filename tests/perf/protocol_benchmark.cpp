// What the protocol costs a task on host threads: empty tasks, the graphs d1m and g1m of
// tests/support/layered_graph.h (999,936 tasks, 8 dependencies each).
//
//   graph   policy  split  recorder  executed  ns/task  best  ns/executed
//   g1m     static  2w0s   off         999936     9.1    8.9          9.1
//
// One run, several iterations in it; the median and the best of those after the first. `task` is a
// task of the graph as it was asked for. g1m notifies one event a task, and is a TaskGraph as it
// stands. In d1m a task notifies eight events; a TaskGraph's task notifies one, so it is run in
// normal form: each task notifies a fork event that launches eight empty tasks, which notify the
// consumers' events. That makes nine executed tasks of each. Each execution is counted, and the
// counts are checked.
//
// protocol_benchmark [ITERATIONS [g1m|d1m]]: needs a quiet machine with two cores.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "gpu_backend/host/run_on_threads.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

constexpr std::uint32_t kTasks = testing::kMillionTasks.operators * testing::kMillionTasks.tasks;

class CountingProgram {
 public:
  CountingProgram(std::uint32_t tasks, std::uint32_t iterations)
      : runs_(tasks), iterations_(iterations) {}
  void execute(std::uint32_t, std::uint32_t task, std::uint32_t) { ++runs_[task]; }
  bool prepare(std::uint32_t iteration, IterationState&) { return iteration < iterations_; }
  bool ran_all() const {
    return std::all_of(runs_.begin(), runs_.end(),
                       [&](std::uint8_t runs) { return runs == iterations_; });
  }

 private:
  std::vector<std::uint8_t> runs_;
  std::uint32_t iterations_;
};

struct Case {
  PolicyKind policy;
  Roles roles;
  bool record;
};

void run_case(std::string_view name, const std::shared_ptr<const TaskGraph>& graph, const Case& c,
              std::uint32_t iterations) {
  HostRunOptions options;
  options.policy.kind = c.policy;
  options.roles = c.roles;
  options.record = c.record;
  options.record_rows = std::uint64_t{graph->task_count()} * iterations;
  CountingProgram program(graph->task_count(), iterations);
  const Result<RunRecord> record = run_on_threads(graph, program, options);
  if (!record || !program.ran_all()) {
    fmt::print("{} {}: {}\n", name, facts(c.policy).name,
               record ? "a task was lost or doubled" : record.error().message);
    std::exit(1);
  }
  std::vector<double> ns;
  for (std::size_t i = 1; i < record->iterations.size(); ++i) {
    ns.push_back(static_cast<double>(record->iterations[i].end - record->iterations[i].start));
  }
  std::sort(ns.begin(), ns.end());
  const double median = ns[ns.size() / 2];
  fmt::print("{:<7} {:<7} {}w{}s   {:<8} {:>9} {:>8.1f} {:>6.1f} {:>11.1f}\n", name,
             facts(c.policy).name, c.roles.workers, c.roles.schedulers, c.record ? "on" : "off",
             graph->task_count(), median / kTasks, ns.front() / kTasks,
             median / graph->task_count());
  std::fflush(stdout);
}

void run_graph(std::string_view name, TaskGraph built, std::uint32_t iterations, bool record) {
  const auto graph = std::make_shared<const TaskGraph>(std::move(built));
  for (const bool recorded : {false, true}) {
    if (recorded && !record) continue;
    for (const PolicyKind policy : {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid}) {
      run_case(name, graph, {policy, {1, 1}, recorded}, iterations);
    }
    run_case(name, graph, {PolicyKind::kJit, {2, 0}, recorded}, iterations);
    run_case(name, graph, {PolicyKind::kStatic, {1, 0}, recorded}, iterations);
    run_case(name, graph, {PolicyKind::kStatic, {2, 0}, recorded}, iterations);
  }
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  const auto iterations = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 6);
  const std::string_view only = argc > 2 ? argv[2] : "";
  if (iterations < 2) {
    fmt::print(stderr, "protocol_benchmark: at least 2 iterations\n");
    return 2;
  }
  fmt::print("graph   policy  split  recorder  executed  ns/task   best ns/executed\n");
  if (only != "d1m") {
    mk::run_graph("g1m", mk::testing::grouped_graph(mk::testing::kMillionTasks), iterations, true);
  }
  if (only != "g1m") {
    mk::run_graph("d1m", mk::testing::dense_graph(mk::testing::kMillionTasks), iterations, false);
  }
  return 0;
}
