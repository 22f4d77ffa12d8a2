#include "experiments/cli/sweep_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/policy_flags.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

constexpr std::uint32_t kMostPoints = 100'000;

// The splits that make sense for the policy.
std::vector<Split> splits_for(PolicyKind policy, const Machine& machine,
                              const std::vector<std::uint32_t>& workers,
                              const std::vector<std::uint32_t>& schedulers) {
  if (facts(policy).family == PolicyFamily::kPerKernel)
    return {{static_cast<std::uint32_t>(machine.sms.value), 0}};
  std::vector<Split> splits;
  for (const std::uint32_t w : workers) {
    if (policy == PolicyKind::kStatic) {
      splits.push_back({w, 0});
      continue;
    }
    for (const std::uint32_t s : schedulers) splits.push_back({w, s});
  }
  return splits;
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_range(std::string_view flag, std::string_view text) {
  std::vector<std::uint32_t> values;
  for (const std::string& word : split_list(text)) {
    std::vector<std::uint32_t> parts;
    for (const std::string& part : split_list(word, ':')) {
      const Result<std::uint32_t> value = parse_count(flag, part);
      if (!value) return tl::unexpected(value.error());
      parts.push_back(*value);
    }
    const std::uint32_t last = parts.size() > 1 ? parts[1] : parts[0];
    const std::uint32_t step = parts.size() > 2 ? parts[2] : 1;
    if (parts.size() > 3 || step == 0 || last < parts[0] || (last - parts[0]) / step > kMostPoints)
      return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is no A, A:B or A:B:STEP", flag, word));
    for (std::uint64_t v = parts[0]; v <= last; v += step)
      values.push_back(static_cast<std::uint32_t>(v));
  }
  return values;
}

Result<SweepPoints> make_points(const Machine& machine, const std::vector<std::string>& policies,
                                const std::vector<std::uint32_t>& workers,
                                const std::vector<std::uint32_t>& schedulers) {
  SweepPoints result;
  std::string refused;
  for (const std::string& name : policies) {
    const std::optional<PolicyKind> policy = policy_from_name(name);
    if (!policy) {
      return fail(ErrorCode::kUsage,
                  fmt::format("--policy: '{}' is none of {}", name, join(policy_names())));
    }
    for (const Split& split : splits_for(*policy, machine, workers, schedulers)) {
      const Result<Split> checked = check_split(machine, split.workers, split.schedulers);
      if (!checked) {
        refused = checked.error().message;
        ++result.left_out;
      } else if (const SweepPoint point{*policy, split};
                 std::find(result.points.begin(), result.points.end(), point) ==
                 result.points.end()) {
        result.points.push_back(point);
      }
    }
  }
  if (result.points.empty()) return fail(ErrorCode::kInvalidInput, refused);
  return result;
}

}  // namespace mk::cli
