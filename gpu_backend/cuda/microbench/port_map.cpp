#include "gpu_backend/cuda/microbench/port_map.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mk::cuda {
namespace {

// A mean that is built up.
struct Mean {
  double sum = 0;
  double count = 0;
  void add(double value) {
    sum += value;
    count += 1;
  }
};

// What an SM gains, as a share of the mean, where another one is idle: symmetric, row by row.
class Gains {
 public:
  Gains(std::span<const PartlyIdleRun> runs, std::uint32_t sms)
      : sms_(sms), gain_(std::size_t{sms} * sms) {
    std::vector<Mean> beside(gain_.size()), without(gain_.size());
    for (const PartlyIdleRun& run : runs) {
      Mean all;
      for (const double us : run.us) {
        if (us > 0) all.add(us);
      }
      const double typical = all.sum / all.count;
      for (std::uint32_t a = 0; a < sms; ++a) {
        if (run.us[a] <= 0) continue;
        for (std::uint32_t b = 0; b < sms; ++b) {
          (run.us[b] > 0 ? beside : without)[at(a, b)].add(run.us[a] / typical);
        }
      }
    }
    const auto one_sided = [&](std::uint32_t a, std::uint32_t b) {
      const Mean &with = beside[at(a, b)], &alone = without[at(a, b)];
      if (with.count == 0 || alone.count == 0) return 0.0;
      return with.sum / with.count - alone.sum / alone.count;
    };
    for (std::uint32_t a = 0; a < sms; ++a) {
      for (std::uint32_t b = 0; b < sms; ++b) {
        if (a != b) gain_[at(a, b)] = (one_sided(a, b) + one_sided(b, a)) / 2;
      }
    }
  }

  double of(std::uint32_t a, std::uint32_t b) const { return gain_[at(a, b)]; }

  // The `rank`-th largest of an SM.
  double largest(std::uint32_t sm, std::size_t rank) const {
    std::vector<double> row(gain_.begin() + static_cast<std::ptrdiff_t>(at(sm, 0)),
                            gain_.begin() + static_cast<std::ptrdiff_t>(at(sm, 0) + sms_));
    const auto place = row.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::ranges::nth_element(row, place, std::greater<>());
    return *place;
  }

  // The standard deviation of pairs that share nothing, as nearly all are, from the quartiles.
  double noise() const {
    std::vector<double> sorted = gain_;
    std::ranges::sort(sorted);
    return (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / 1.349;
  }

 private:
  std::size_t at(std::uint32_t a, std::uint32_t b) const { return std::size_t{a} * sms_ + b; }

  std::uint32_t sms_;
  std::vector<double> gain_;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> ports_of(std::span<const PartlyIdleRun> runs,
                                                   std::uint32_t sms) {
  constexpr std::size_t kSurelyMates = 3;  // an SM has at least so many: ports of four and more
  if (runs.empty() || sms <= kSurelyMates) return std::nullopt;
  const Gains gains(runs, sms);
  std::vector<double> of_mates;
  for (std::uint32_t sm = 0; sm < sms; ++sm) of_mates.push_back(gains.largest(sm, kSurelyMates));
  const auto middle = of_mates.begin() + static_cast<std::ptrdiff_t>(sms / 2);
  std::ranges::nth_element(of_mates, middle);
  const double enough = *middle / 2;
  if (enough < 3 * gains.noise()) return std::nullopt;

  constexpr std::uint32_t kNone = ~0U;
  std::vector<std::uint32_t> port(sms, kNone);
  std::uint32_t ports = 0;
  for (std::uint32_t sm = 0; sm < sms; ++sm) {
    if (port[sm] != kNone) continue;
    for (std::uint32_t other = sm; other < sms; ++other) {
      if (other == sm || gains.of(sm, other) > enough) port[other] = ports;
    }
    ++ports;
  }
  for (std::uint32_t a = 0; a < sms; ++a) {
    for (std::uint32_t b = 0; b < sms; ++b) {
      if (a != b && (port[a] == port[b]) != (gains.of(a, b) > enough)) return std::nullopt;
    }
  }
  return port;
}

std::vector<std::uint32_t> launch_order(std::span<const std::vector<std::uint32_t>> launches,
                                        std::uint32_t sms) {
  std::vector<std::uint32_t> seen(sms, 0);
  for (const std::vector<std::uint32_t>& launch : launches) {
    for (const std::uint32_t sm : launch) ++seen[sm];
  }
  std::vector<std::uint32_t> order(sms);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return seen[a] > seen[b]; });
  return order;
}

}  // namespace mk::cuda
