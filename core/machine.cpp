#include "core/machine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/machine_check.h"

namespace mk {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::vector<std::string> nearest_paths(const Machine& machine, std::string_view path) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  visit_numbers(machine, [&](const NumberFacts& facts, const Number&) {
    const bool inside = facts.path.find(path) != std::string::npos;
    ranked.emplace_back(inside ? 0 : edit_distance(facts.path, path), facts.path);
  });
  const std::size_t count = std::min<std::size_t>(3, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count),
                    ranked.end());
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) paths.push_back(ranked[i].second);
  return paths;
}

Status check_number(const NumberFacts& facts, const Number& number) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", facts.path, why));
  };
  for (const double value : {number.low, number.value, number.high}) {
    if (!std::isfinite(value)) return refuse("not a finite number");
    if (value < facts.minimum || (facts.exclusive && value == facts.minimum)) {
      return refuse(fmt::format("{} is too small, must be {} {}", value,
                                facts.exclusive ? "more than" : "at least", facts.minimum));
    }
    if (value > facts.maximum) {
      return refuse(fmt::format("{} is too large, must be at most {}", value, facts.maximum));
    }
  }
  if (number.low > number.value || number.value > number.high) {
    return refuse(fmt::format("value {} is not within low {} .. high {}", number.value, number.low,
                              number.high));
  }
  if (number.source.empty()) return refuse("no source");
  return {};
}

Status check_curve(const std::vector<BandwidthPoint>& curve) {
  if (curve.empty()) {
    return fail(ErrorCode::kInvalidInput, "memory.curve: has no point, needs at least one");
  }
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (curve[i].active.value <= curve[i - 1].active.value) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("memory.curve.{}.active: {} does not follow {}; points stand by "
                              "increasing `active`",
                              i, curve[i].active.value, curve[i - 1].active.value));
    }
  }
  return {};
}

// What is said of each SM.
Status check_sms(const Machine& machine) {
  const auto sms = static_cast<std::size_t>(machine.sms.value);
  for (const auto& [name, numbers] :
       {std::pair("sm_factor", &machine.sm_factor), std::pair("sm_port", &machine.sm_port)}) {
    if (numbers->empty() || numbers->size() == sms) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: {} numbers for {} SMs", name, numbers->size(), sms));
  }
  for (std::size_t i = 0; i < machine.sm_port.size(); ++i) {
    if (std::floor(machine.sm_port[i].value) == machine.sm_port[i].value) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("sm_port.{}: {} is no port's number", i, machine.sm_port[i].value));
  }
  if (machine.gpc_sms.value > 0 || !machine.sm_port.empty()) return {};
  if (machine.gpc_bandwidth.value > 0) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("gpc_bandwidth: {} GB/s a GPC, but neither gpc_sms nor sm_port says "
                            "which SMs share a port",
                            machine.gpc_bandwidth.value));
  }
  if (machine.port_contention.value > 0) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("port_contention: {}, but neither gpc_sms nor sm_port says which SMs "
                            "share a port",
                            machine.port_contention.value));
  }
  return {};
}

}  // namespace

std::uint32_t Machine::scheduler_sms(std::uint32_t schedulers) const {
  const auto per_sm = static_cast<std::uint32_t>(schedulers_per_sm.value);
  return (schedulers + per_sm - 1) / per_sm;
}

std::uint32_t Machine::port_of(std::uint32_t sm) const {
  if (!sm_port.empty()) return static_cast<std::uint32_t>(sm_port[sm].value);
  if (gpc_sms.value <= 0) return 0;
  return sm % static_cast<std::uint32_t>(std::ceil(sms.value / gpc_sms.value));
}

double Machine::bandwidth_at(double active, double bytes_in_flight) const {
  double before_active = 0;
  double before = 0;
  double offered = memory.curve.back().bandwidth.value;
  for (const BandwidthPoint& point : memory.curve) {
    if (active <= point.active.value) {
      const double part = (active - before_active) / (point.active.value - before_active);
      offered = before + part * (point.bandwidth.value - before);
      break;
    }
    before_active = point.active.value;
    before = point.bandwidth.value;
  }
  if (bytes_in_flight <= 0) return offered;
  return smooth_minimum(active * bytes_in_flight * 1e-3 / memory.loaded_latency.value, offered);
}

double Machine::stream_limit(const BodyNumbers& body) const {
  return stream_limit(body, body.port_limit.value);
}

double Machine::stream_limit(const BodyNumbers& body, double port) const {
  return std::min(body.bytes_in_flight.value * 1e-3 / memory.loaded_latency.value, port);
}

Result<Split> check_split(const Machine& machine, std::uint32_t workers, std::uint32_t schedulers) {
  const auto sms = static_cast<std::uint32_t>(machine.sms.value);
  const std::string_view unit = machine.kind == MachineKind::kHost ? "cores" : "SMs";
  if (workers == 0) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{}: 0 workers, needs at least 1 (it has {} {})", machine.name, sms, unit));
  }
  const std::uint32_t scheduler_sms = machine.scheduler_sms(schedulers);
  if (std::uint64_t{workers} + scheduler_sms > sms) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: {} workers + {} {} for {} schedulers = {}, but it has {} {}",
                            machine.name, workers, scheduler_sms, unit, schedulers,
                            std::uint64_t{workers} + scheduler_sms, sms, unit));
  }
  return Split{workers, schedulers};
}

Status check_machine(const Machine& machine) {
  Status status;
  visit_numbers(machine, [&](const NumberFacts& facts, const Number& number) {
    if (status) status = check_number(facts, number);
  });
  if (!status) return status;
  if (Status curve = check_curve(machine.memory.curve); !curve) return curve;
  if (Status arrays = check_sms(machine); !arrays) return arrays;
  if (machine.protocol.publish.value > 0 && machine.protocol.publish_batch.value < 1) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("protocol.publish: {} us a release, but protocol.publish_batch says of "
                            "no item",
                            machine.protocol.publish.value));
  }
  const Result<Split> split =
      check_split(machine, static_cast<std::uint32_t>(machine.default_workers.value),
                  static_cast<std::uint32_t>(machine.default_schedulers.value));
  if (!split) return with_context("default_workers, default_schedulers", split.error());
  return {};
}

Status set_number(Machine& machine, std::string_view path, double value) {
  Machine changed = machine;
  bool found = false;
  visit_numbers(changed, [&](const NumberFacts& facts, Number& number) {
    if (facts.path != path) return;
    found = true;
    number = {value, value, value, fmt::format("set by hand, was {}", number.value)};
  });
  if (!found) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is no number of a machine; near it: {}", path,
                            fmt::join(nearest_paths(machine, path), ", ")));
  }
  if (Status status = check_machine(changed); !status) return status;
  machine = std::move(changed);
  return {};
}

}  // namespace mk
