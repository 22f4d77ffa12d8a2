#include "gpu_backend/cuda/device_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace mk::cuda {
namespace {

// Of `all`, the elements of the window.
template <class T>
void keep_window(std::vector<T>& all, const CaptureWindow& window) {
  const auto size = static_cast<std::uint32_t>(all.size());
  const std::uint32_t end = std::min(window.end, size);
  all.erase(all.begin() + end, all.end());
  all.erase(all.begin(), all.begin() + std::min(window.first, end));
}

void fill_meta(RunRecord& record, const DeviceModel& model, const DeviceRunOptions& options,
               const DeviceRunRows& left) {
  record.meta["source"] = "cuda";
  record.meta["clock"] = "globaltimer";
  record.meta["gpu"] = model.device().name;
  record.meta["clock_pairs"] = text_of(left.before) + " " + text_of(left.after);
  if (options.run.record && options.window.first > 0) {
    record.meta["first_iteration"] = fmt::format("{}", options.window.first);
  }
  add_device_state(left.state_before, left.state_after, record.meta);
  if (!options.preloads) record.meta["mechanisms"] = "preload=off";
  record.meta.erase("cores");
  record.meta.erase("pinned");
}

// Without metadata and clocks, which the record has.
std::shared_ptr<RawRun> raw_of(const DeviceModel& model, const DeviceRunOptions& options,
                               const DeviceRunRows& left) {
  auto raw = std::make_shared<RawRun>();
  raw->graph = model.graph();
  raw->options = options.run;
  raw->rows = left.rows;
  raw->states = left.states;
  raw->begins = static_cast<std::uint64_t>(left.before.device_ns);
  raw->ends = static_cast<std::uint64_t>(left.after.device_ns);
  raw->health = left.losses;
  return raw;
}

}  // namespace

Status check_window(const DeviceRunOptions& options, std::uint32_t iterations) {
  const CaptureWindow& window = options.window;
  if (!options.run.record || (window.first < window.end && window.first < iterations)) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("no iteration to record from {} on before {}: the run has {}",
                          window.first, window.end, iterations));
}

void fill_run(DeviceRun& run, const DeviceModel& model, const DeviceRunOptions& options,
              DeviceRunRows&& left) {
  for (const IterationTicks& ticks : left.rows.iterations) {
    run.iteration_us.push_back(static_cast<double>(ticks.end - ticks.start) * 1e-3);
  }
  if (!left.rows.iterations.empty()) {
    run.makespan_us =
        static_cast<double>(left.rows.iterations.back().end - left.rows.iterations.front().start) *
        1e-3;
  }
  left.states.resize(left.rows.iterations.size());
  run.states = left.states;
  if (options.run.record) {
    keep_window(left.rows.iterations, options.window);
    keep_window(left.states, options.window);
  }
  const Nanoseconds zero = left.rows.iterations.empty()
                               ? left.before.device_ns
                               : static_cast<Nanoseconds>(left.rows.iterations.front().start);
  if (options.keeps_raw && options.run.record) run.raw = raw_of(model, options, left);
  run.record = make_run_record(model.graph(), options.run, left.rows, std::move(left.states));
  fill_meta(run.record, model, options, left);
  // The device's clock counts nanoseconds, all SMs the same.
  run.record.clocks = {clock_record(left.before, left.after)};
  run.clock_readings = {{0, std::string(kClockKernel), zero, std::move(left.before.readings),
                         std::move(left.after.readings)}};
  run.record.health.insert(run.record.health.end(), left.losses.begin(), left.losses.end());
  if (run.raw == nullptr) return;
  run.raw->meta = run.record.meta;
  run.raw->clocks = run.record.clocks;
}

}  // namespace mk::cuda
