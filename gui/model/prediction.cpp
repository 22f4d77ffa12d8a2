#include "gui/model/prediction.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/machine.h"
#include "core/model.h"
#include "simulator/point.h"

namespace mk::gui {

namespace {

// Parts of the whole, as they were for qwen3-8b.
constexpr double kCompiled = 0.3;
constexpr double kSimulated = 0.9;

Result<SweepPoint> complete(const SweepPoint& asked, const Machine& machine) {
  if (const Status fine = check_point(asked, machine); !fine) return tl::unexpected(fine.error());
  SweepPoint point = asked;
  const bool is_split = asked.workers > 0;
  choose_split(point, {is_split, is_split, asked.grid_workers > 0}, machine);
  return point;
}

}  // namespace

SweepPoint first_point() {
  SweepPoint point = plain_point();
  point.model = "qwen3-8b";
  point.machine = "h100-sxm";
  point.iterations = 2;
  return point;
}

Result<Prediction> predict(const SweepPoint& asked,
                           const std::function<bool(double part)>& progress) {
  const Result<ModelConfig> model = load_model(asked.model);
  if (!model) return tl::unexpected(model.error());
  const Result<Machine> machine = load_machine(asked.machine);
  if (!machine) return tl::unexpected(machine.error());
  const Result<SweepPoint> point = complete(asked, *machine);
  if (!point) return tl::unexpected(point.error());
  Result<Compiled> compiled = compile_point(*point, *model);
  if (!compiled) return tl::unexpected(compiled.error());
  const auto graph = std::make_shared<const TaskGraph>(std::move(compiled->graph));
  PointRun how{.record = true};
  if (progress) {
    how.progress = [&](double part) {
      return progress(kCompiled + part * (kSimulated - kCompiled));
    };
    if (!progress(kCompiled)) return fail(ErrorCode::kStuck, "interrupted");
  }
  Result<SimulationResult> result = simulate_point(*point, graph, *machine, how);
  if (!result) return tl::unexpected(result.error());
  result->record->meta["model"] = asked.model;
  Prediction prediction;
  prediction.name = fmt::format("{} {} {}+{}", std::filesystem::path(asked.model).stem().string(),
                                point->policy, point->workers, point->schedulers);
  prediction.trace = std::make_shared<const Trace>(make_trace(*result->record));
  prediction.iteration_us = median_iteration_us(*result);
  return prediction;
}

}  // namespace mk::gui
