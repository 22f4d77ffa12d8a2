// From what a SweepPoint says to a prediction: how its graph is compiled, which iterations run,
// what the simulator is told. The one place that knows it: sweeps, recipes and the viewer ask here,
// so that a point means the same to all of them.
//
//   Result<Compiled> compiled = compile_point(point, model);
//   Result<SimulationResult> result = simulate_point(point, graph, machine, {.record = true});
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/compiler.h"
#include "core/machine.h"
#include "core/model.h"
#include "core/result.h"
#include "core/sweep_point.h"
#include "core/task_graph.h"
#include "simulator/decode_plan.h"
#include "simulator/simulate.h"

namespace mk {

// What a point is that says nothing, but for its model, machine and split, which it has to name.
SweepPoint plain_point();

struct SaidOfSplit {
  bool workers = false;
  bool schedulers = false;
  bool grid_workers = false;
};

// Fills in what was not said of the split, and sets what cannot matter under the point's policy to
// one value: kernel-per-operator policies have all SMs, `static` no schedulers. Requires: the
// policy is known.
void choose_split(SweepPoint& point, const SaidOfSplit& said, const Machine& machine);

// kUsage names the axis and the value: an unknown name, a mechanism, an injection, a number of the
// machine or a list of kernels that is not there. All below requires that it found nothing.
Status check_point(const SweepPoint& point, const Machine& machine);

// How the point's graph is compiled. InvalidInput for a "set" that says nothing.
Result<CompileOptions> compile_options_of(const SweepPoint& point);

// Batch, cache, devices and experts of the point's graph. kUsage for a "set" that says nothing.
Result<StepShape> step_shape_of(const SweepPoint& point, const ModelConfig& model);

// Policy, roles, seed, mechanisms and injections of the point; iterations are the caller's.
SimulationOptions simulation_options_of(const SweepPoint& point);

PlanRequest plan_of(const SweepPoint& point);

// The machine with the point's changed numbers; "draw=K" draws all open ones at once
// (machine_ranges.h). InvalidInput names the number.
Result<Machine> machine_of(const SweepPoint& point, const Machine& base);

// "a=1+b=2" -> its assignments.
std::vector<std::string> assignments_of(const std::string& joined);

Result<Compiled> compile_point(const SweepPoint& point, const ModelConfig& model);

struct PointRun {
  bool record = false;
  std::function<bool(double part)> progress{};  // as SimulationOptions::progress
};

// The whole prediction. `graph` is what compile_point() made of the point, `base` the machine that
// it names.
Result<SimulationResult> simulate_point(const SweepPoint& point,
                                        const std::shared_ptr<const TaskGraph>& graph,
                                        const Machine& base, const PointRun& how = {});

}  // namespace mk
