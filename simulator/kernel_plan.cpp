#include "simulator/kernel_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace mk {
namespace {

constexpr std::uint32_t kMostKernels = 64;

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kUsage,
              fmt::format("kernel '{}': {}; say OPERATOR+OPERATOR ..., with *KERNELS or :SHARE "
                          "behind it",
                          text, why));
}

template <typename Value>
bool parse(std::string_view text, Value& value) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

// What stands before `mark`; `text` keeps what stands behind it, nothing iff there is none.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return before;
}

bool is_taken(const KernelPlan& plan, const std::string& name) {
  return std::any_of(plan.groups.begin(), plan.groups.end(), [&](const KernelGroup& group) {
    return std::find(group.operators.begin(), group.operators.end(), name) != group.operators.end();
  });
}

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Status add_kernel_group(KernelPlan& plan, std::string_view text) {
  KernelGroup group;
  std::string_view share_text = text;
  std::string_view count_text = cut(share_text, ':');
  const bool has_share = count_text.size() < text.size();
  const bool has_count = count_text.find('*') != std::string_view::npos;
  std::string_view names = cut(count_text, '*');
  if (has_share) {
    double share = 0;
    if (!parse(share_text, share) || !(share > 0 && share <= 1)) {
      return refuse(text, "the share of the bandwidth must be a number in (0, 1]");
    }
    group.bandwidth_share = share;
  }
  if (has_count &&
      (!parse(count_text, group.kernels) || group.kernels < 1 || group.kernels > kMostKernels)) {
    return refuse(text, fmt::format("there are 1 to {} kernels", kMostKernels));
  }
  bool is_last = false;
  while (!is_last) {
    is_last = names.find('+') == std::string_view::npos;
    std::string name(cut(names, '+'));
    if (name.empty()) return refuse(text, "an operator's name is empty");
    if (is_taken(plan, name)) return refuse(text, fmt::format("'{}' has a kernel already", name));
    group.operators.push_back(std::move(name));
  }
  plan.groups.push_back(std::move(group));
  return {};
}

Result<KernelPlan> kernel_plan_from_text(std::string_view text) {
  KernelPlan plan;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    line = line.substr(0, line.find('#'));
    while (!line.empty()) {
      const auto* const end = std::find_if(line.begin(), line.end(), is_blank);
      const std::string_view word = line.substr(0, static_cast<std::size_t>(end - line.begin()));
      line.remove_prefix(std::min(word.size() + 1, line.size()));
      if (word.empty()) continue;
      if (const Status added = add_kernel_group(plan, word); !added)
        return tl::unexpected(added.error());
    }
  }
  return plan;
}

std::string to_text(const KernelPlan& plan) {
  std::vector<std::string> words;
  for (const KernelGroup& group : plan.groups) {
    std::string& word = words.emplace_back(fmt::format("{}", fmt::join(group.operators, "+")));
    if (group.kernels != 1) word += fmt::format("*{}", group.kernels);
    if (group.bandwidth_share) word += fmt::format(":{}", *group.bandwidth_share);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Status check_kernel_plan(const KernelPlan& plan, const TaskGraph& graph) {
  std::set<std::string> known;
  for (const Operator& op : graph.operators()) known.insert(op.name);
  for (const KernelGroup& group : plan.groups) {
    for (const std::string& name : group.operators) {
      if (known.contains(name)) continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("kernel '{}': the graph has no such operator; it has {}", name,
                              fmt::join(known, ", ")));
    }
  }
  return {};
}

}  // namespace mk
