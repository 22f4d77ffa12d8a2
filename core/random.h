// Random numbers without state: a draw is a function of its key, so that results depend neither on
// the order in which events happen nor on the number of threads, and policies that are compared
// share their draws.
//
// Integer and IEEE arithmetic only (no libm), so that the same key gives the same bits on every
// machine that does not contract multiply-adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mk {

// 64 well mixed bits of one word (the finaliser of SplitMix64).
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// The draws of one iteration. Streams tell apart what is drawn for the same index: a task's own
// durations, an SM's factor, routing ...
class RandomStream {
 public:
  constexpr RandomStream() = default;
  constexpr RandomStream(std::uint64_t seed, std::uint32_t iteration, std::uint32_t stream)
      : key_(mix_bits(seed + kStep * (std::uint64_t{iteration} + 1) +
                      0xd1b54a32d192ed03U * std::uint64_t{stream})) {}

  // 64 bits of their own for each index.
  constexpr std::uint64_t bits(std::uint32_t index) const {
    return mix_bits(key_ + kStep * (std::uint64_t{index} + 1));
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;
  std::uint64_t key_ = 0;
};

constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint32_t iteration,
                                    std::uint32_t index, std::uint32_t stream) {
  return RandomStream(seed, iteration, stream).bits(index);
}

// Uniform in (0, 1), from the upper 53 bits, never 0 or 1.
constexpr double uniform_of(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

// The standard normal quantile of p in (0, 1): |error| < 2e-9.
double normal_quantile(double p);

// e^x to 1e-15 relative, for |x| < 700.
double exponential(double x);

// Log-normal factors about a typical (median) value of 1, as a table of quantiles: a draw is one
// look-up with kBits random bits. `spread` = standard deviation / mean of the log-normal. The
// table's extremes are its quantiles 1/2048 and 2047/2048 (+- 3.3 standard deviations of the
// logarithm).
class LogNormal {
 public:
  static constexpr unsigned kBits = 10;

  LogNormal() : LogNormal(0) {}
  explicit LogNormal(double spread);

  double factor(std::uint64_t bits) const { return factor_[bits & (kSize - 1)]; }

 private:
  static constexpr std::size_t kSize = std::size_t{1} << kBits;
  std::array<double, kSize> factor_{};
};

}  // namespace mk
