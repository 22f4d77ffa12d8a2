#include "experiments/sweep/best.h"

#include <algorithm>
#include <map>
#include <set>

namespace mk {
namespace {

SweepPoint scenario_of(SweepPoint point) {
  point.policy.clear();
  point.placement.clear();
  point.jit_placement.clear();
  point.worker_queue.clear();
  point.partition.clear();
  point.workers = point.schedulers = point.grid_workers = point.seed = 0;
  return point;
}

SweepPoint choice_of(SweepPoint point) {
  point.seed = 0;
  return point;
}

using TimesBySeed = std::map<std::uint64_t, double>;

struct Candidate {
  SweepPoint point{};
  TimesBySeed times{};
};

using Scenario = std::map<SweepPoint, Candidate>;  // by choice

std::map<SweepPoint, Scenario> scenarios_of(const std::vector<SweepRow>& rows) {
  std::map<SweepPoint, Scenario> scenarios;
  for (const SweepRow& row : rows) {
    if (!row.result.refused.empty()) continue;
    Candidate& candidate = scenarios[scenario_of(row.point)][choice_of(row.point)];
    if (candidate.times.empty()) candidate.point = row.point;
    candidate.times[row.point.seed] = row.result.iteration_us;
  }
  return scenarios;
}

// The fastest of each seed over the choices that have all seeds.
TimesBySeed fastest_of(const Scenario& scenario, std::size_t seeds) {
  TimesBySeed fastest;
  for (const auto& [key, candidate] : scenario) {
    if (candidate.times.size() != seeds) continue;
    for (const auto& [seed, time] : candidate.times) {
      const auto [place, is_new] = fastest.emplace(seed, time);
      if (!is_new) place->second = std::min(place->second, time);
    }
  }
  return fastest;
}

Choice judge(const Candidate& candidate, const TimesBySeed& fastest) {
  Choice choice{.point = candidate.point, .seeds = candidate.times.size()};
  bool first = true;
  for (const auto& [seed, time] : candidate.times) {
    const double regret = time - fastest.at(seed);
    choice.iteration_us += time / static_cast<double>(choice.seeds);
    choice.regret_us += regret / static_cast<double>(choice.seeds);
    choice.regret_low_us = first ? regret : std::min(choice.regret_low_us, regret);
    choice.regret_high_us = std::max(choice.regret_high_us, regret);
    first = false;
  }
  return choice;
}

}  // namespace

std::vector<Choice> best_choices(const std::vector<SweepRow>& rows) {
  std::vector<Choice> best;
  for (const auto& [key, scenario] : scenarios_of(rows)) {
    std::set<std::uint64_t> seeds;
    for (const auto& [choice, candidate] : scenario) {
      for (const auto& [seed, time] : candidate.times) seeds.insert(seed);
    }
    const TimesBySeed fastest = fastest_of(scenario, seeds.size());
    std::map<std::string, Choice> of_policy;
    for (const auto& [choice_key, candidate] : scenario) {
      if (candidate.times.size() != seeds.size()) continue;
      const Choice choice = judge(candidate, fastest);
      const auto [place, is_new] = of_policy.emplace(candidate.point.policy, choice);
      if (!is_new && choice.iteration_us < place->second.iteration_us) place->second = choice;
    }
    std::vector<Choice> sorted;
    for (auto& [policy, choice] : of_policy) sorted.push_back(std::move(choice));
    std::stable_sort(sorted.begin(), sorted.end(), [](const Choice& a, const Choice& b) {
      return a.iteration_us < b.iteration_us;
    });
    best.insert(best.end(), sorted.begin(), sorted.end());
  }
  return best;
}

}  // namespace mk
