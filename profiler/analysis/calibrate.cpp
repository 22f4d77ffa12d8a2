#include "profiler/analysis/calibrate.h"

#include <fmt/format.h>

#include "core/machine_check.h"
#include "profiler/analysis/calibration_builder.h"

namespace mk {
namespace {

// Fewer records tell more about one disturbance than about the machine.
constexpr std::size_t kFewestRecords = 50;

std::string meta_of(const Trace& trace, const char* key) {
  const auto found = trace.meta.find(key);
  return found == trace.meta.end() ? "" : found->second;
}

Status check_trace(const Trace& trace, std::size_t number) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("trace {} of {} ({} under {}): {}", number + 1, meta_of(trace, "model"),
                            meta_of(trace, "source"), meta_of(trace, "policy"), why));
  };
  if (facts(trace.policy.kind).family != PolicyFamily::kMegakernel) {
    return refuse("calibration needs a run under a megakernel policy");
  }
  if (const std::string injections = meta_of(trace, "injections"); !injections.empty()) {
    return refuse(fmt::format("it was disturbed on purpose ({})", injections));
  }
  std::size_t records = 0;
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    const bool counts =
        trace.slices.is_task(k) && trace.slices.iteration[k] >= first_steady_iteration(trace);
    records += counts ? 1 : 0;
  }
  if (records >= kFewestRecords) return {};
  return refuse(fmt::format("too short: {} task records after warm-up in {} iterations, needs {}",
                            records, trace.iterations.size(), kFewestRecords));
}

}  // namespace

Result<Calibration> calibrate(const Machine& base, std::span<const Trace> traces) {
  if (traces.empty()) return fail(ErrorCode::kInvalidInput, "no trace to calibrate from");
  for (std::size_t i = 0; i < traces.size(); ++i) {
    if (Status status = check_trace(traces[i], i); !status) return tl::unexpected(status.error());
  }
  Calibration calibration;
  calibration.machine = base;
  CalibrationBuilder builder(
      calibration,
      fmt::format(
          "calibrate: {} under {}{}", meta_of(traces[0], "model"), meta_of(traces[0], "policy"),
          traces.size() > 1 ? fmt::format(" and {} more", traces.size() - 1) : std::string()));
  calibrate_bodies(traces, builder);
  calibrate_protocol(traces, builder);
  if (Status status = check_machine(calibration.machine); !status) {
    return with_context("the fitted machine", status.error());
  }
  return calibration;
}

}  // namespace mk
