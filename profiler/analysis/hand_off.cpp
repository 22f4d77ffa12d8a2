#include "profiler/analysis/hand_off.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr double kMadToSigma = 1.4826;
constexpr int kTeeth = 3;                   // periods after which the phase counts as lost
constexpr int kPeriods = 60;                // tried
constexpr double kClearlyBetter = 0.97;     // cost of a period over that of the prior's
constexpr std::size_t kMostRecords = 4000;  // that the search looks at

// An even choice of at most kMostRecords.
std::vector<HandOff> thinned(std::span<const HandOff> records) {
  const std::size_t step = records.size() / kMostRecords + 1;
  std::vector<HandOff> chosen;
  for (std::size_t i = 0; i < records.size(); i += step) chosen.push_back(records[i]);
  return chosen;
}

class Fitter {
 public:
  Fitter(std::span<const HandOff> records, const HandOffNumbers& prior)
      : all_(records), records_(thinned(records)), prior_(prior) {}

  HandOffFit fit() {
    const double at_once = sum_at_once(0);
    fit_.step_known = is_enough(fit_.at_once);
    HandOffNumbers& n = fit_.numbers;
    n = {prior_.turn, prior_.period, 0};
    const double waiting = time_after_wait(n);
    if (!fit_.step_known && !is_enough(fit_.waiting)) return fit_;
    if (!is_enough(fit_.waiting)) {
      n.turn = std::min(prior_.turn, at_once);
      n.step = at_once - n.turn;
    } else if (!fit_.step_known) {
      fit_.step_known = true;
      n.period = std::min({prior_.period, longest_period(n), 2 * waiting});
      n.step = waiting - n.period / 2;
    } else {
      fit_.turn_known = true;
      search();
    }
    describe();
    return fit_;
  }

 private:
  static bool is_enough(std::size_t count) { return count >= kFewestHandOffs; }

  // turn + step, of those whose event came well before the turn was over.
  double sum_at_once(double turn) {
    std::vector<double> sums;
    for (const HandOff& h : records_) {
      if (h.wait <= turn / 2) sums.push_back(h.us + std::max(h.wait, 0.0));
    }
    fit_.at_once = sums.size();
    return median(std::move(sums));
  }

  // Of those whose phase is lost, or of all that waited where those are few.
  std::vector<double> times_after_wait(const HandOffNumbers& n) const {
    const auto after = [&](double wait) {
      std::vector<double> times;
      for (const HandOff& h : records_) {
        if (h.wait > wait) times.push_back(h.us);
      }
      return times;
    };
    std::vector<double> times = after(n.turn + kTeeth * n.period);
    return is_enough(times.size()) ? times : after(n.turn);
  }

  // step + period / 2.
  double time_after_wait(const HandOffNumbers& n) {
    std::vector<double> times = times_after_wait(n);
    fit_.waiting = times.size();
    return median(std::move(times));
  }

  // Where the phase is lost, the middle half of all looks lies within half a period; whatever else
  // varies makes it wider.
  double longest_period(const HandOffNumbers& n) const {
    std::vector<double> times = times_after_wait(n);
    const double low = quantile(times, 0.25);
    return 2 * (quantile(times, 0.75) - low);
  }

  // With that period, the numbers that agree with both sums.
  HandOffNumbers with_period(double period) {
    HandOffNumbers n{0, period, 0};
    for (int round = 0; round < 4; ++round) {
      const double at_once = sum_at_once(n.turn);
      const double waiting = time_after_wait(n);
      n.turn = std::max(0.0, at_once - waiting + period / 2);
      n.step = std::max(0.0, at_once - n.turn);
    }
    return n;
  }

  double cost(const HandOffNumbers& n) const {
    double sum = 0;
    for (const HandOff& h : records_) sum += std::abs(h.us - n.predict(h.wait));
    return sum;
  }

  void search() {
    const double at_once = sum_at_once(0);
    const HandOffNumbers rough{std::max(0.0, at_once), 0, 0};
    const double waiting = time_after_wait(rough);
    const double shortest = std::max(0.0, 2 * (waiting - at_once));
    const double longest = std::max(shortest, std::min(longest_period(rough), 2 * waiting));
    const HandOffNumbers by_prior = with_period(std::clamp(prior_.period, shortest, longest));
    HandOffNumbers best = by_prior;
    double least = cost(by_prior);
    const double enough = kClearlyBetter * least;
    for (int i = 0; i <= kPeriods; ++i) {
      const HandOffNumbers n = with_period(shortest + (longest - shortest) * i / kPeriods);
      const double c = cost(n);
      if (c >= least) continue;
      least = c;
      best = n;
    }
    fit_.numbers = best;
    describe();
    // Teeth are not seen where turns differ by as much as a tooth is wide.
    const bool sharp = fit_.at_once_deviation < best.period / 4;
    fit_.period_known = sharp && (least < enough || prior_.period < shortest);
    if (!fit_.period_known) fit_.numbers = by_prior;
  }

  void describe() {
    std::vector<double> at_once, waiting, sums;
    fit_.at_once = fit_.waiting = 0;
    const HandOffNumbers& n = fit_.numbers;
    for (const HandOff& h : all_) {
      const bool is_waiting = h.wait > n.turn;
      ++(is_waiting ? fit_.waiting : fit_.at_once);
      const double off = std::abs(h.us - n.predict(h.wait));
      if (h.us > 0) (is_waiting ? waiting : at_once).push_back(off / h.us);
      if (h.wait <= n.turn / 2) sums.push_back(h.us + std::max(h.wait, 0.0));
    }
    fit_.at_once_residual = quantile(at_once, 0.5);
    fit_.waiting_residual = quantile(waiting, 0.5);
    fit_.at_once_deviation = deviation(std::move(sums));
    fit_.waiting_deviation = deviation(times_after_wait(n));
  }

  static double deviation(std::vector<double> values) {
    const double middle = quantile(values, 0.5);
    for (double& v : values) v = std::abs(v - middle);
    return kMadToSigma * quantile(values, 0.5);
  }

  std::span<const HandOff> all_;
  std::vector<HandOff> records_;  // that sums and search look at
  HandOffNumbers prior_;
  HandOffFit fit_{};
};

}  // namespace

double HandOffNumbers::predict(double wait) const {
  if (wait <= turn) return turn + step - std::max(wait, 0.0);
  const double since = wait - turn;
  if (period <= 0 || since > kTeeth * period) return step + period / 2;
  return step + std::ceil(since / period) * period - since;
}

HandOffFit fit_hand_off(std::span<const HandOff> records, const HandOffNumbers& prior) {
  return Fitter(records, prior).fit();
}

}  // namespace mk
