// The points of a sweep: which policies, worker counts and scheduler counts are tried together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "core/policy.h"
#include "core/result.h"

namespace mk::cli {

struct SweepPoint {
  PolicyKind policy = PolicyKind::kHybrid;
  Split split{};
  friend bool operator==(const SweepPoint& a, const SweepPoint& b) {
    return a.policy == b.policy && a.split.workers == b.split.workers &&
           a.split.schedulers == b.split.schedulers;
  }
};

struct SweepPoints {
  std::vector<SweepPoint> points{};  // by policy, then workers, then schedulers, as they were given
  std::size_t left_out = 0;          // splits that the machine has too few SMs for
};

// "96:132:4" (both ends belong to it), "128", or a list of both. kUsage names the flag.
Result<std::vector<std::uint32_t>> parse_range(std::string_view flag, std::string_view text);

// Kernel-per-operator policies have one point each, on all SMs; `static` has no schedulers.
// kUsage for an unknown policy; InvalidInput, with the numbers, iff the machine fits no point.
Result<SweepPoints> make_points(const Machine& machine, const std::vector<std::string>& policies,
                                const std::vector<std::uint32_t>& workers,
                                const std::vector<std::uint32_t>& schedulers);

}  // namespace mk::cli
