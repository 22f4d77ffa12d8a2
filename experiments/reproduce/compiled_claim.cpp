#include "experiments/reproduce/compiled_claim.h"

#include <fmt/format.h>

#include <array>

#include "core/compiler.h"
#include "experiments/sweep/point_runner.h"

namespace mk {
namespace {

struct Statistic {
  std::string_view name{};
  double (*of)(const CompileStatistics&) = nullptr;
};

constexpr std::array kStatistics = {
    Statistic{"operators", [](const CompileStatistics& s) { return double(s.operators); }},
    Statistic{"tasks", [](const CompileStatistics& s) { return double(s.tasks); }},
    Statistic{"events", [](const CompileStatistics& s) { return double(s.events); }},
    Statistic{"task_pairs", [](const CompileStatistics& s) { return double(s.task_pairs); }},
    Statistic{"tasks_per_operator",
              [](const CompileStatistics& s) { return s.tasks_per_operator; }},
    Statistic{"event_fusion_ratio",
              [](const CompileStatistics& s) { return s.event_fusion_ratio; }},
    Statistic{"linearization_ratio",
              [](const CompileStatistics& s) { return s.linearization_ratio; }},
    Statistic{"dummy_tasks", [](const CompileStatistics& s) { return double(s.dummy_tasks); }},
};

struct Launch {
  std::string_view name{};
  Latency LaunchNumbers::*cost = nullptr;
};

constexpr std::array kLaunches = {
    Launch{"eager", &LaunchNumbers::eager},
    Launch{"stream", &LaunchNumbers::stream},
    Launch{"graph", &LaunchNumbers::graph},
    Launch{"pdl", &LaunchNumbers::pdl},
};

}  // namespace

Result<double> statistic_of(const SweepPoint& point, const std::string& name,
                            const Catalogue& catalogue) {
  const Result<Compiled> compiled = compiled_of(point, catalogue);
  if (!compiled) return tl::unexpected(compiled.error());
  for (const Statistic& statistic : kStatistics) {
    if (statistic.name == name) return statistic.of(compiled->statistics);
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("statistic: '{}' is unknown", name));
}

Result<double> launch_ms(const SweepPoint& point, const std::string& launch,
                         const Catalogue& catalogue) {
  const Result<double> operators = statistic_of(point, "operators", catalogue);
  if (!operators) return operators;
  const LaunchNumbers& costs = catalogue.find_machine(point.machine).launch;
  for (const Launch& known : kLaunches) {
    if (known.name != launch) continue;
    const bool on_device = known.cost != &LaunchNumbers::eager;
    const double kernel = on_device ? costs.kernel_fill.value + costs.kernel_drain.value : 0;
    return *operators * ((costs.*known.cost).typical.value + kernel) / 1000;
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("launch: '{}' is unknown", launch));
}

}  // namespace mk
