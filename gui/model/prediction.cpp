#include "gui/model/prediction.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/compiler.h"
#include "core/machine.h"
#include "core/model.h"
#include "simulator/simulate.h"

namespace mk::gui {

namespace {

// Parts of the whole, as they were for qwen3-8b.
constexpr double kCompiled = 0.3;
constexpr double kSimulated = 0.9;

}  // namespace

Result<Prediction> predict(const PredictionRequest& request,
                           const std::function<bool(double part)>& progress) {
  const Result<ModelConfig> model = load_model(request.model);
  if (!model) return tl::unexpected(model.error());
  const Result<Machine> machine = load_machine(request.machine);
  if (!machine) return tl::unexpected(machine.error());
  SimulationOptions options;
  options.policy.kind = request.policy;
  options.policy.placement = request.placement;
  options.roles = {request.workers, request.schedulers};
  if (request.workers == 0) {
    options.roles = {static_cast<std::uint32_t>(machine->default_workers.value),
                     static_cast<std::uint32_t>(machine->default_schedulers.value)};
  }
  if (request.policy == PolicyKind::kStatic) options.roles.schedulers = 0;
  options.seed = request.seed;
  options.record = true;
  options.lower_bounds = false;
  CompileOptions how;
  how.workers = options.roles.workers;
  how.context = request.context;
  StepShape shape;
  shape.max_context = request.context + request.iterations;
  Result<Compiled> compiled = compile_model(*model, shape, how);
  if (!compiled) return tl::unexpected(compiled.error());
  options.iterations.clear();
  for (std::uint32_t i = 0; i < request.iterations; ++i)
    options.iterations.push_back(decode_step(1, request.context + i));
  const auto graph = std::make_shared<const TaskGraph>(std::move(compiled->graph));
  if (progress) {
    options.progress = [&](double part) {
      return progress(kCompiled + part * (kSimulated - kCompiled));
    };
    if (!progress(kCompiled)) return fail(ErrorCode::kStuck, "interrupted");
  }
  Result<SimulationResult> result = simulate(graph, *machine, options);
  if (!result) return tl::unexpected(result.error());
  result->record->meta["model"] = request.model;
  Prediction prediction;
  prediction.name =
      fmt::format("{} {} {}+{}", std::filesystem::path(request.model).stem().string(),
                  facts(request.policy).name, options.roles.workers, options.roles.schedulers);
  prediction.trace = std::make_shared<const Trace>(make_trace(*result->record));
  return prediction;
}

}  // namespace mk::gui
