// Histogram: how the lengths of like slices are spread.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/timeline/bands.h"

namespace mk::gui {

// Counts in equal bins from the smallest to the 99th percentile; longer ones are in the last bin.
struct Histogram {
  double low = 0;
  double high = 0;  // of the last bin's end
  double median = 0;
  double p95 = 0;
  std::uint64_t count = 0;
  std::vector<std::uint32_t> bins{};  // empty iff there are no values

  // The bin of a value. Requires: there are bins.
  std::size_t bin_of(double value) const;
};
Histogram histogram_of(std::vector<double> values, std::size_t bins = 40);

// The lengths of all bands of each category, by category; `categories` of them.
std::vector<Histogram> length_histograms(const Bands& bands, std::size_t categories);

}  // namespace mk::gui
