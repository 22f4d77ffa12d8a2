#include "experiments/reproduce/claim_variants.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "core/policy.h"
#include "experiments/sweep/point_runner.h"
#include "simulator/machine_ranges.h"
#include "simulator/mechanisms.h"

namespace mk {
namespace {

void append(std::string& assignments, const std::string& one) {
  if (!assignments.empty()) assignments += '+';
  assignments += one;
}

// A number as `what_if` takes it: all its digits, and no '+'.
std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  std::erase(text, '+');
  return text;
}

// One change of the claim's points.
struct Change {
  enum class Group { kSwitch, kConstant, kDraw, kSeed };
  Group group = Group::kSwitch;
  std::string name{};
  std::string mechanism{};
  std::string what_if{};
  std::uint64_t seed = 0;

  // A point that the change cannot move is itself: then it is predicted once.
  SweepPoint of(SweepPoint point) const {
    if (group == Group::kConstant && !may_matter_under(*policy_from_name(point.policy), name)) {
      return point;
    }
    if (!mechanism.empty()) append(point.mechanisms, mechanism);
    if (!what_if.empty()) append(point.what_if, what_if);
    if (seed > 0) point.seed = seed;
    return point;
  }
};

TaskKinds kinds_of(const SweepPoint& point, const Catalogue& catalogue) {
  TaskKinds kinds;
  const auto graph = graph_of(point, catalogue);
  if (!graph) return kinds;  // the point itself will say why
  for (const TaskKind kind : (*graph)->tasks().kind) kinds.set(index_of(kind));
  return kinds;
}

std::vector<Change> changes_of(const Claim& claim, const Catalogue& catalogue) {
  using Group = Change::Group;
  std::vector<Change> changes;
  const SweepPoint& first = claim.sides[0].front();
  for (const MechanismFacts& mechanism : kMechanisms) {
    const std::string off = std::string(mechanism.name) + "=off";
    // What a share is the share of would be held against itself.
    const bool is_asked_about = claim.kind == ClaimKind::kShare &&
                                claim.sides[1].front().mechanisms.find(off) != std::string::npos;
    if (is_asked_about) continue;
    changes.push_back({.group = Group::kSwitch, .name = off, .mechanism = off});
  }
  TaskKinds kinds = kinds_of(first, catalogue);
  if (!claim.sides[1].empty()) kinds |= kinds_of(claim.sides[1].front(), catalogue);
  for (const OpenNumber& open : open_numbers(catalogue.find_machine(first.machine), kinds)) {
    for (const double end : {open.low, open.high}) {
      const std::string set = open.path + "=" + number_text(end);
      changes.push_back({.group = Group::kConstant, .name = set, .what_if = set});
    }
  }
  for (std::uint64_t draw = 1; draw <= kClaimDraws; ++draw) {
    const std::string set = fmt::format("draw={}", draw);
    changes.push_back({.group = Group::kDraw, .name = set, .what_if = set});
  }
  for (std::uint64_t seed = 1; seed <= kClaimSeeds; ++seed)
    changes.push_back({.group = Group::kSeed, .name = fmt::format("seed={}", seed), .seed = seed});
  return changes;
}

// The time of the fastest point of a side under a change, or why there is none.
Result<double> fastest_us(const std::vector<SweepPoint>& side, const Change& change,
                          const Predictions& predictions) {
  double fastest = 0;
  for (const SweepPoint& point : side) {
    const auto found = predictions.find(change.of(point));
    MK_CHECK(found != predictions.end(), "the claim's points were predicted");
    const SweepResult& result = found->second;
    if (!result.refused.empty()) return fail(ErrorCode::kInvalidInput, result.refused);
    const double time = point.span.empty() ? result.iteration_us : result.span_us;
    if (fastest == 0 || time < fastest) fastest = time;
  }
  return fastest;
}

Result<double> value_of(const Claim& claim, const Change& change, const Predictions& predictions) {
  const Result<double> first = fastest_us(claim.sides[0], change, predictions);
  if (!first) return first;
  if (claim.kind == ClaimKind::kTimeMs) return *first / 1000;
  const Result<double> second = fastest_us(claim.sides[1], change, predictions);
  if (!second) return second;
  return claim.kind == ClaimKind::kSpeedup ? *first / *second : (1 - *second / *first) * 100;
}

void file(Evidence& evidence, const Change& change, double value) {
  switch (change.group) {
    case Change::Group::kSwitch:
      evidence.switches.push_back({change.name, value});
      break;
    case Change::Group::kConstant:
      evidence.constants.push_back({change.name, value});
      break;
    case Change::Group::kDraw:
      evidence.draws.push_back(value);
      break;
    case Change::Group::kSeed:
      evidence.seeds.push_back(value);
      break;
  }
}

}  // namespace

std::vector<SweepPoint> points_of_claim(const Claim& claim, const Catalogue& catalogue) {
  std::vector<SweepPoint> points;
  if (!claim.is_simulated()) return points;
  for (const auto& side : claim.sides) points.insert(points.end(), side.begin(), side.end());
  if (!claim.is_varied()) return points;
  for (const Change& change : changes_of(claim, catalogue)) {
    for (const auto& side : claim.sides) {
      for (const SweepPoint& point : side) points.push_back(change.of(point));
    }
  }
  return points;
}

Result<Evidence> evidence_of(const Claim& claim, const Catalogue& catalogue,
                             const Predictions& predictions) {
  const Result<double> ours = value_of(claim, Change{}, predictions);
  if (!ours) return tl::unexpected(ours.error());
  Evidence evidence{.ours = *ours};
  if (!claim.is_varied()) return evidence;
  for (const Change& change : changes_of(claim, catalogue)) {
    // A change that makes the point impossible (a queue that overflows) is no evidence.
    if (const Result<double> value = value_of(claim, change, predictions))
      file(evidence, change, *value);
  }
  return evidence;
}

}  // namespace mk
