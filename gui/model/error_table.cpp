#include "gui/model/error_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/timeline/time_text.h"
#include "profiler/analysis/statistics.h"

namespace mk::gui {
namespace {

struct Samples {
  double first = 0;
  double second = 0;
  std::vector<double> errors{};
  std::vector<double> later{};
};

QString text(std::string_view view) {
  return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

double length_of(const SliceColumns& s, std::uint32_t k) {
  return static_cast<double>(s.end[k] - s.start[k]);
}

void sort_by_excess(std::vector<ErrorRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const ErrorRow& a, const ErrorRow& b) {
    return std::abs(a.excess) > std::abs(b.excess);
  });
}

ErrorRow row_of(const LegendEntry& entry, Samples& samples) {
  const auto count = static_cast<double>(samples.later.size());
  ErrorRow row;
  row.name = QString::fromStdString(entry.name);
  row.count = samples.later.size();
  row.first = samples.first / count;
  row.second = samples.second / count;
  row.excess = samples.second - samples.first;
  row.error_p50 = quantile(samples.errors, 0.5);
  row.error_p95 = quantile(samples.errors, 0.95);
  row.later_p50 = quantile(samples.later, 0.5);
  return row;
}

// All time of each cause.
std::array<double, kMaxCategories> cause_times(const BandLayer& causes) {
  std::array<double, kMaxCategories> times{};
  const Bands& bands = causes.bands;
  for (std::size_t lane = 0; lane < bands.lanes(); ++lane) {
    for (std::uint32_t k = bands.lane_begin[lane]; k < bands.lane_end[lane]; ++k)
      times[bands.category[k]] += static_cast<double>(bands.end[k] - bands.start[k]);
  }
  return times;
}

}  // namespace

std::vector<ErrorRow> errors_by_operator(const Compared& pair) {
  const Matching& matching = *pair.matching;
  const BandLayer& layer = pair.first.by_operator->layer;
  const SliceColumns& a = pair.first.trace->slices;
  const SliceColumns& b = pair.second.trace->slices;
  std::vector<Samples> samples(kMaxCategories);
  for (std::uint32_t k = 0; k < a.size(); ++k) {
    const std::uint32_t partner = matching.partner_of_first[k];
    if (partner == kNoIndex) continue;
    Samples& of = samples[layer.bands.category[k]];
    const double first = length_of(a, k);
    const double other = length_of(b, partner);
    of.first += first;
    of.second += other;
    if (other > 0) of.errors.push_back(std::abs(first - other) / other);
    of.later.push_back(pair.second.map.to_axis(static_cast<double>(b.start[partner])) -
                       pair.first.map.to_axis(static_cast<double>(a.start[k])));
  }
  std::vector<ErrorRow> rows;
  for (std::size_t c = 0; c < layer.entries.size(); ++c) {
    if (!samples[c].later.empty()) rows.push_back(row_of(layer.entries[c], samples[c]));
  }
  sort_by_excess(rows);
  return rows;
}

std::vector<ErrorRow> errors_by_cause(const Compared& pair) {
  if (pair.first.by_cause == nullptr || pair.second.by_cause == nullptr) return {};
  const BandLayer& a = pair.first.by_cause->layer;
  const BandLayer& b = pair.second.by_cause->layer;
  const auto first = cause_times(a);
  const auto other = cause_times(b);
  std::vector<ErrorRow> rows;
  for (std::size_t c = 0; c < kCauses.size(); ++c) {
    if (first[c] == 0 && other[c] == 0) continue;
    ErrorRow row;
    row.name = QString::fromStdString(a.entries[c].name);
    row.first = first[c];
    row.second = other[c];
    row.excess = other[c] - first[c];
    rows.push_back(row);
  }
  sort_by_excess(rows);
  return rows;
}

std::vector<LengthPair> length_pairs(const Compared& pair, std::size_t most) {
  const Matching& matching = *pair.matching;
  const BandLayer& layer = pair.first.by_operator->layer;
  const SliceColumns& a = pair.first.trace->slices;
  const SliceColumns& b = pair.second.trace->slices;
  const std::size_t step = matching.matched / std::max<std::size_t>(most, 1) + 1;
  std::vector<LengthPair> pairs;
  std::size_t seen = 0;
  for (std::uint32_t k = 0; k < a.size(); ++k) {
    const std::uint32_t partner = matching.partner_of_first[k];
    if (partner == kNoIndex || seen++ % step != 0) continue;
    pairs.push_back({static_cast<float>(length_of(a, k)), static_cast<float>(length_of(b, partner)),
                     layer.bands.category[k], k});
  }
  return pairs;
}

QStringList comparison_lines(const Compared& pair) {
  const auto first = static_cast<double>(pair.first.trace->makespan());
  const auto other = static_cast<double>(pair.second.trace->makespan());
  QStringList lines;
  QString line =
      QStringLiteral("%1 %2, %3 %4")
          .arg(pair.first.name, duration_text(first), pair.second.name, duration_text(other));
  if (other > 0) {
    line += QStringLiteral(" (%1%2)").arg(first >= other ? QStringLiteral("+") : QString(),
                                          percent_text((first - other) / other));
  }
  lines.push_back(line);
  for (const Compared::Side* side : {&pair.first, &pair.second}) {
    QStringList bounds;
    for (const RunBound& bound : side->bounds) {
      bounds.push_back(
          QStringLiteral("%1 (%2)").arg(duration_text(bound.length), text(bound.meaning)));
    }
    if (!bounds.isEmpty())
      lines.push_back(QStringLiteral("%1 takes at least ").arg(side->name) +
                      bounds.join(QStringLiteral(", ")));
  }
  for (const std::string& note : pair.matching->notes)
    lines.push_back(QString::fromStdString(note));
  return lines;
}

}  // namespace mk::gui
