#include "experiments/reproduce/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mk {
namespace {

constexpr double kWidening = 0.1;
constexpr double kHalf = 0.5;
constexpr std::size_t kNamed = 3;

PublishedRange widened(const PublishedRange& range) {
  return {range.low - kWidening * std::abs(range.low),
          range.high + kWidening * std::abs(range.high)};
}

bool lies_in(double value, const PublishedRange& range) {
  return range.low <= value && value <= range.high;
}

double nearest(double ours, const PublishedRange& range) {
  return std::clamp(ours, range.low, range.high);
}

// The three variants that move ours the most, with where they move it.
std::string names_of_strongest(const Evidence& evidence) {
  std::vector<Variant> all = evidence.switches;
  all.insert(all.end(), evidence.constants.begin(), evidence.constants.end());
  std::stable_sort(all.begin(), all.end(), [&](const Variant& a, const Variant& b) {
    return std::abs(a.value - evidence.ours) > std::abs(b.value - evidence.ours);
  });
  std::string names;
  for (std::size_t i = 0; i < all.size() && i < kNamed; ++i)
    names += fmt::format("{}{} -> {:.3g}", i > 0 ? ", " : "", all[i].name, all[i].value);
  return names;
}

Verdict judge_inside(const PublishedRange& wide, const Evidence& evidence) {
  std::vector<Variant> out;
  for (const auto* variants : {&evidence.switches, &evidence.constants}) {
    for (const Variant& variant : *variants) {
      if (!lies_in(variant.value, wide)) out.push_back(variant);
    }
  }
  if (const auto most = strongest(evidence.ours, out)) {
    return {VerdictKind::kExplained, most->name,
            fmt::format("inside the published range; {} would move it to {:.3g}", most->name,
                        most->value)};
  }
  const std::string alike = names_of_strongest(evidence);
  if (alike.empty())
    return {VerdictKind::kInsensitive, "",
            "inside the published range, and nothing of the simulator is in it"};
  return {VerdictKind::kInsensitive, "",
          fmt::format("inside the published range with and without each mechanism: it cannot tell "
                      "apart even those that change it most ({})",
                      alike)};
}

Verdict judge_outside(const PublishedRange& published, const Evidence& evidence) {
  const double residual = std::abs(evidence.ours - nearest(evidence.ours, published));
  const Variant* best = nullptr;
  double left = (1 - kHalf) * residual;  // the smallest difference that a switch leaves
  for (const Variant& variant : evidence.switches) {
    const double difference = std::abs(variant.value - nearest(variant.value, published));
    if (difference > left || (best != nullptr && difference == left)) continue;
    left = difference;
    best = &variant;
  }
  if (best != nullptr) {
    return {VerdictKind::kExplained, best->name,
            fmt::format("{} accounts for {:.0f} % of the difference", best->name,
                        (1 - left / residual) * 100)};
  }
  const ValueRange interval = interval_of(evidence);
  const auto constant = strongest(evidence.ours, evidence.constants);
  const std::string decider = constant ? constant->name : "";
  if (interval.low <= published.high && published.low <= interval.high) {
    return {VerdictKind::kInsensitive, decider,
            fmt::format("what the constants leave open covers it, {} most of all", decider)};
  }
  return {VerdictKind::kUnexplained, decider,
          fmt::format("no switch accounts for half of the difference, and the constants' ranges do "
                      "not reach it; the strongest is {}",
                      decider.empty() ? "none" : decider)};
}

}  // namespace

std::string_view name_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kExplained:
      return "explained";
    case VerdictKind::kInsensitive:
      return "insensitive";
    case VerdictKind::kMeasured:
      return "measured";
    case VerdictKind::kUnexplained:
      break;
  }
  return "unexplained";
}

ValueRange interval_of(const Evidence& evidence) {
  ValueRange interval{evidence.ours, evidence.ours};
  if (evidence.launches) return *evidence.launches;
  for (const double draw : evidence.draws) {
    interval.low = std::min(interval.low, draw);
    interval.high = std::max(interval.high, draw);
  }
  return interval;
}

double relative_error(double ours, const PublishedRange& published) {
  const double end = nearest(ours, published);
  return end == 0 ? ours : (ours - end) / std::abs(end);
}

std::optional<Variant> strongest(double ours, const std::vector<Variant>& variants) {
  std::optional<Variant> most;
  for (const Variant& variant : variants) {
    if (!most || std::abs(variant.value - ours) > std::abs(most->value - ours)) most = variant;
  }
  return most;
}

Verdict judge_measured(const PublishedRange& published, const Evidence& evidence) {
  const double error = relative_error(evidence.ours, published);
  if (error == 0) return {VerdictKind::kMeasured, "", "inside the published range"};
  return {VerdictKind::kMeasured, "",
          fmt::format("{:.0f} % {} the published range", std::abs(error) * 100,
                      error < 0 ? "below" : "above")};
}

Verdict judge_count(const PublishedRange& published, double ours) {
  if (lies_in(ours, published))
    return {VerdictKind::kExplained, "", "the count is the published one"};
  return {VerdictKind::kUnexplained, "", "the compiler counts differently"};
}

Verdict judge(const PublishedRange& published, const Evidence& evidence) {
  const PublishedRange wide = widened(published);
  return lies_in(evidence.ours, wide) ? judge_inside(wide, evidence)
                                      : judge_outside(published, evidence);
}

}  // namespace mk
