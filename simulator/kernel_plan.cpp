#include "simulator/kernel_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mk {
namespace {

Status refuse(std::string_view text, std::string_view why) {
  return fail(
      ErrorCode::kUsage,
      fmt::format("kernel '{}': {}; say OPERATOR+OPERATOR ... or OPERATOR:SHARE", text, why));
}

bool is_taken(const KernelPlan& plan, const std::string& name) {
  return std::any_of(plan.groups.begin(), plan.groups.end(), [&](const KernelGroup& group) {
    return std::find(group.operators.begin(), group.operators.end(), name) != group.operators.end();
  });
}

}  // namespace

Status add_kernel_group(KernelPlan& plan, std::string_view text) {
  KernelGroup group;
  const std::size_t colon = std::min(text.find(':'), text.size());
  if (colon < text.size()) {
    double share = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, share);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(share > 0 && share <= 1)) {
      return refuse(text, "the share of the bandwidth must be a number in (0, 1]");
    }
    group.bandwidth_share = share;
  }
  for (std::size_t begin = 0; begin <= colon;) {
    const std::size_t plus = std::min(text.find('+', begin), colon);
    std::string name(text.substr(begin, plus - begin));
    if (name.empty()) return refuse(text, "an operator's name is empty");
    if (is_taken(plan, name)) return refuse(text, fmt::format("'{}' has a kernel already", name));
    group.operators.push_back(std::move(name));
    begin = plus + 1;
  }
  plan.groups.push_back(std::move(group));
  return {};
}

}  // namespace mk
