#include "gui/model/delta_layer.h"

#include <algorithm>
#include <cmath>

#include "gui/timeline/time_text.h"
#include "profiler/analysis/statistics.h"

namespace mk::gui {
namespace {

constexpr int kSteps = 5;  // categories on each side of "the same"
constexpr std::uint8_t kUnmatched = 2 * kSteps + 1;
constexpr QRgb kUnmatchedColour = 0xff55585f;

std::vector<LegendEntry> entries_for(double full_scale) {
  std::vector<LegendEntry> entries;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const double part = static_cast<double>(step) / kSteps;
    const QString text = step == 0 ? QStringLiteral("same start")
                                   : QStringLiteral("start ") +
                                         (step > 0 ? QStringLiteral("+") : QString()) +
                                         duration_text(part * full_scale);
    entries.push_back({text.toStdString(), diverging_colour(part)});
  }
  entries.push_back({"not matched", kUnmatchedColour});
  return entries;
}

}  // namespace

DeltaLayer::DeltaLayer(Compared pair) : pair_(std::move(pair)) {
  const Matching& matching = *pair_.matching;
  const SliceColumns& a = pair_.first.trace->slices;
  const SliceColumns& b = pair_.second.trace->slices;
  std::vector<double> later(a.size());
  std::vector<double> sizes;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const std::uint32_t partner = matching.partner_of_first[k];
    if (partner == kNoIndex) continue;
    later[k] = pair_.second.map.to_axis(static_cast<double>(b.start[partner])) -
               pair_.first.map.to_axis(static_cast<double>(a.start[k]));
    sizes.push_back(std::abs(later[k]));
  }
  full_scale_ = std::max(1.0, quantile(sizes, 0.95));
  category_.resize(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double part = std::clamp(later[k] / full_scale_, -1.0, 1.0);
    category_[k] = matching.partner_of_first[k] == kNoIndex
                       ? kUnmatched
                       : static_cast<std::uint8_t>(std::lround(part * kSteps) + kSteps);
  }
  layer_.bands = pair_.first.by_operator->layer.bands;
  layer_.bands.category = category_;
  layer_.entries = entries_for(full_scale_);
  layer_.mip.emplace(layer_.bands);
  layer_.used = used_categories(layer_.bands);
}

}  // namespace mk::gui
