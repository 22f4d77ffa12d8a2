#include "experiments/cli/blame_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "profiler/analysis/critical_path.h"

namespace mk::cli {
namespace {

// A number of the machine that the cost depends on: all paths with this beginning and end.
struct Knob {
  std::string_view prefix{};
  std::string_view suffix{};
  bool is_rate = false;  // the larger, the cheaper
};

struct Cost {
  std::string_view name{};
  std::span<const Cause> causes{};
  std::span<const Knob> knobs{};
};

constexpr std::array kMemoryCauses = {Cause::kExecuteMemory};
constexpr std::array kMemoryKnobs = {Knob{"memory.curve.", ".bandwidth", true},
                                     Knob{"", ".bytes_in_flight", true},
                                     Knob{"", ".port_limit", true},
                                     Knob{"", ".pair_limit", true},
                                     Knob{"", ".row_limit", true},
                                     Knob{"", ".row_time", false}};
constexpr std::array kBodyCauses = {Cause::kExecute, Cause::kExecuteCompute};
constexpr std::array kBodyKnobs = {Knob{"", ".fixed", false}, Knob{"", ".per_activation", false},
                                   Knob{"", ".epilogue", false},
                                   Knob{"", ".flops_per_cycle", true}};
constexpr std::array kStartUpCauses = {Cause::kExecuteStartUp};
constexpr std::array kStartUpKnobs = {Knob{"", ".start_up", false}};
constexpr std::array kHandOffCauses = {Cause::kNotify,         Cause::kWaitDependency,
                                       Cause::kWaitPoll,       Cause::kWaitQueueEmpty,
                                       Cause::kWaitHeadOfLine, Cause::kWaitScheduler};
constexpr std::array kHandOffKnobs = {
    Knob{"protocol.", ".typical", false}, Knob{"protocol.contention", "", false},
    Knob{"protocol.poll_interval", "", false}, Knob{"protocol.scheduler_poll", "", false}};
constexpr std::array kBoundaryCauses = {Cause::kIterationBoundary};
constexpr std::array kBoundaryKnobs = {Knob{"boundary.", ".typical", false},
                                       Knob{"boundary.per_", "", false}};

constexpr std::array kCosts = {
    Cost{"memory", kMemoryCauses, kMemoryKnobs},
    Cost{"body", kBodyCauses, kBodyKnobs},
    Cost{"start-up", kStartUpCauses, kStartUpKnobs},
    Cost{"hand-off", kHandOffCauses, kHandOffKnobs},
    Cost{"boundary", kBoundaryCauses, kBoundaryKnobs},
};

void make_cheaper(Machine& machine, const Cost& cost) {
  visit_numbers(machine, [&](const NumberFacts& facts, Number& number) {
    for (const Knob& knob : cost.knobs) {
      if (!facts.path.starts_with(knob.prefix) || !facts.path.ends_with(knob.suffix)) continue;
      const double factor = knob.is_rate ? 1 / (1 - kCheaper) : 1 - kCheaper;
      number.value *= factor;
      number.low *= factor;
      number.high *= factor;
      return;
    }
  });
}

double time_of(const CriticalPath& path, std::span<const Cause> causes) {
  Nanoseconds time = 0;
  for (const PathSegment& segment : path.segments) {
    if (std::find(causes.begin(), causes.end(), segment.cause) != causes.end())
      time += segment.end - segment.start;
  }
  return static_cast<double>(time) * 1e-3;
}

}  // namespace

bool agree(double expected_us, double counterfactual_us, double iteration_us) {
  const double difference = std::abs(expected_us - counterfactual_us);
  const double larger = std::max(std::abs(expected_us), std::abs(counterfactual_us));
  return difference <= 0.3 * larger || difference <= 1e-3 * iteration_us;
}

Result<std::vector<BlameRow>> check_blame(const Replay& replay) {
  SimulationOptions recorded = replay.options;
  recorded.record = true;
  const Result<SimulationResult> run = simulate(replay.graph, replay.machine, recorded);
  if (!run) return tl::unexpected(run.error());
  const Trace trace = make_trace(*run->record);
  const CriticalPath path = critical_path(TraceIndex(trace));
  std::vector<BlameRow> rows;
  const auto iterations = static_cast<double>(replay.options.iterations.size());
  for (const Cost& cost : kCosts) {
    BlameRow row;
    row.cost = cost.name;
    row.blamed_us = time_of(path, cost.causes) / iterations;
    row.expected_us = kCheaper * row.blamed_us;
    Replay cheaper = replay;
    make_cheaper(cheaper.machine, cost);
    const Result<double> us = replay_us(cheaper);
    if (!us) return tl::unexpected(us.error());
    row.counterfactual_us = replay.replayed_us - *us;
    row.agrees = agree(row.expected_us, row.counterfactual_us, replay.replayed_us);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string remark(const BlameRow& row) {
  if (row.agrees) return "";
  if (row.counterfactual_us < row.expected_us)
    return "disagrees: other chains of tasks are nearly as long, and take over";
  return "disagrees: it also holds up what the path does not show, such as others' bodies that "
         "share the memory";
}

}  // namespace mk::cli
