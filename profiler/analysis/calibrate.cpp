#include "profiler/analysis/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/annotate.h"
#include "core/machine_check.h"
#include "profiler/analysis/calibration_builder.h"
#include "profiler/analysis/record_groups.h"

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

// Everything that was recorded, ready to be fitted.
struct Evidence {
  BodySamples bodies{};
  ProtocolSteps steps{};
  std::string source{};  // of the fitted numbers
};

Calibration fit(const Machine& base, const Evidence& evidence) {
  Calibration calibration;
  calibration.machine = base;
  CalibrationBuilder builder(calibration, evidence.source);
  calibrate_bodies(evidence.bodies, builder);
  calibrate_protocol(evidence.steps, builder);
  return calibration;
}

Evidence without(const Evidence& evidence, std::uint8_t group) {
  Evidence rest = evidence;
  const auto drop = [&](auto& records) {
    std::erase_if(records, [&](const auto& record) { return record.group == group; });
  };
  for (Samples& samples : rest.bodies.by_kind) drop(samples);
  ProtocolSteps& s = rest.steps;
  drop(s.notify);
  drop(s.placed_ahead);
  drop(s.placed_ahead_of_two);
  drop(s.launched);
  drop(s.fetched);
  drop(s.fetched_of_two);
  drop(s.enqueues);
  drop(s.dispatches);
  drop(s.dequeue);
  drop(s.boundary);
  return rest;
}

// Student's t, 97.5 %, of kRecordGroups - 1 degrees of freedom.
constexpr double kDeviations = 2.36;

void set_interval(FittedNumber& number, const std::vector<double>& without_one) {
  if (without_one.size() < kRecordGroups) return;
  double mean = 0;
  for (const double v : without_one) mean += v / kRecordGroups;
  double sum = 0;
  for (const double v : without_one) sum += (v - mean) * (v - mean);
  const double error = std::sqrt(sum * (kRecordGroups - 1) / kRecordGroups);
  number.low = std::max(number.value - kDeviations * error, 0.0);
  number.high = number.value + kDeviations * error;
}

// The delete-a-group jackknife: how much each number hangs on single iterations or layers.
void add_intervals(const Machine& base, const Evidence& evidence, Calibration& calibration) {
  std::vector<Calibration> partial;
  for (std::uint8_t g = 0; g < kRecordGroups; ++g)
    partial.push_back(fit(base, without(evidence, g)));
  for (FittedNumber& number : calibration.numbers) {
    std::vector<double> values;
    for (const Calibration& p : partial) {
      const auto found = std::find_if(p.numbers.begin(), p.numbers.end(),
                                      [&](const auto& other) { return other.path == number.path; });
      if (found != p.numbers.end()) values.push_back(found->value);
    }
    set_interval(number, values);
  }
  // The machine file keeps the ranges, for predictions as intervals.
  visit_numbers(calibration.machine, [&](const NumberFacts& facts, Number& number) {
    for (const FittedNumber& fitted : calibration.numbers) {
      if (fitted.path != facts.path || fitted.value != number.value) continue;
      number.low = facts.exclusive ? std::max(fitted.low, number.value / 10) : fitted.low;
      number.high = std::min(fitted.high, facts.maximum);
    }
  });
}

}  // namespace

Result<Calibration> calibrate(const Machine& base, std::span<const Trace> traces) {
  const Annotation phase("calibrate");
  if (traces.empty()) return fail(ErrorCode::kInvalidInput, "no trace to calibrate from");
  for (std::size_t i = 0; i < traces.size(); ++i) {
    if (Status status = check_trace(traces[i], i); !status) return tl::unexpected(status.error());
  }
  Evidence evidence;
  evidence.source = fmt::format(
      "calibrate: {} under {}{}", meta_of(traces[0], "model"), meta_of(traces[0], "policy"),
      traces.size() > 1 ? fmt::format(" and {} more", traces.size() - 1) : std::string());
  for (const Trace& trace : traces) {
    add_bodies(trace, evidence.bodies);
    add_steps(trace, evidence.steps);
  }
  Calibration calibration = fit(base, evidence);
  add_intervals(base, evidence, calibration);
  if (Status status = check_machine(calibration.machine); !status) {
    return with_context("the fitted machine", status.error());
  }
  return calibration;
}

}  // namespace mk
