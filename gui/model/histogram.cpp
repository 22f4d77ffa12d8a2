#include "gui/model/histogram.h"

#include <algorithm>

#include "profiler/analysis/statistics.h"

namespace mk::gui {

std::size_t Histogram::bin_of(double value) const {
  const double part = high > low ? (value - low) / (high - low) : 0;
  const double at = std::clamp(part * static_cast<double>(bins.size()), 0.0,
                               static_cast<double>(bins.size() - 1));
  return static_cast<std::size_t>(at);
}

Histogram histogram_of(std::vector<double> values, std::size_t bins) {
  Histogram histogram;
  if (values.empty()) return histogram;
  histogram.count = values.size();
  histogram.median = quantile(values, 0.5);
  histogram.p95 = quantile(values, 0.95);
  histogram.high = quantile(values, 0.99);
  histogram.low = *std::min_element(values.begin(), values.end());
  histogram.bins.assign(bins, 0);
  for (const double value : values) ++histogram.bins[histogram.bin_of(value)];
  return histogram;
}

std::vector<Histogram> length_histograms(const Bands& bands, std::size_t categories) {
  std::vector<std::vector<double>> lengths(categories);
  for (std::size_t k = 0; k < bands.start.size(); ++k)
    lengths[bands.category[k]].push_back(static_cast<double>(bands.end[k] - bands.start[k]));
  std::vector<Histogram> histograms;
  for (std::vector<double>& of : lengths) histograms.push_back(histogram_of(std::move(of)));
  return histograms;
}

}  // namespace mk::gui
