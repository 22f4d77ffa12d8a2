#include "gui/model/area_table.h"

#include <QStringList>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace mk::gui {
namespace {

// The k-th smallest, k = part of the last index, rounded; reorders.
double order_statistic(std::vector<float>& values, double part) {
  const auto k =
      static_cast<std::ptrdiff_t>(std::lround(part * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + k, values.end());
  return values[static_cast<std::size_t>(k)];
}

// Sums of one trace, by category of its operator layer.
class Sums {
 public:
  void add_lane(const Bands& bands, std::uint32_t lane, const TimeRange& own) {
    ++lanes_;
    for (std::uint32_t k = first_ending_after(bands, lane, own.start); k < bands.lane_end[lane];
         ++k) {
      const auto start = static_cast<double>(bands.start[k]);
      if (start >= own.end) break;
      const auto end = static_cast<double>(bands.end[k]);
      const std::uint8_t category = bands.category[k];
      inside_[category] += std::min(end, own.end) - std::max(start, own.start);
      lengths_[category].push_back(static_cast<float>(end - start));
    }
  }

  void append_rows(const AreaLanes& area, std::vector<AreaRow>& rows) {
    if (lanes_ == 0) return;
    const std::vector<LegendEntry>& entries = area.by_operator->layer.entries;
    const double time = area.own.length() * static_cast<double>(lanes_);
    const std::size_t first = rows.size();
    double rest = time;
    for (std::size_t c = 0; c < entries.size(); ++c) {
      if (lengths_[c].empty()) continue;
      rows.push_back(row(c, entries[c]));
      rows.back().trace = area.trace;
      rows.back().share = inside_[c] / time;
      rest -= inside_[c];
    }
    std::stable_sort(rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
                     [](const AreaRow& a, const AreaRow& b) { return a.total > b.total; });
    AreaRow idle;
    idle.trace = area.trace;
    idle.name = QStringLiteral("(no slice)");
    idle.total = std::max(rest, 0.0);
    idle.share = idle.total / time;
    rows.push_back(idle);
  }

 private:
  AreaRow row(std::size_t c, const LegendEntry& entry) {
    std::vector<float>& lengths = lengths_[c];
    AreaRow row;
    row.name = QString::fromStdString(entry.name);
    row.colour = entry.colour;
    row.count = lengths.size();
    row.total = inside_[c];
    double sum = 0;
    row.min = std::numeric_limits<double>::infinity();
    for (const float length : lengths) {
      sum += length;
      row.min = std::min(row.min, static_cast<double>(length));
      row.max = std::max(row.max, static_cast<double>(length));
    }
    row.mean = sum / static_cast<double>(lengths.size());
    row.p95 = order_statistic(lengths, 0.95);
    row.p50 = order_statistic(lengths, 0.5);
    return row;
  }

  std::size_t lanes_ = 0;
  std::array<double, kMaxCategories> inside_{};
  std::array<std::vector<float>, kMaxCategories> lengths_{};
};

}  // namespace

std::vector<AreaLanes> lanes_in(Session& session, const Area& area) {
  std::vector<AreaLanes> all;
  const Scene& scene = session.scene();
  for (std::uint32_t t = 0; t < session.size(); ++t) {
    LoadedTrace& trace = session.trace(t);
    trace.layer(ColorBy::kOperator, *session.operators());  // there, of every open trace
    const TimeMap& map = scene.traces[t].map;
    AreaLanes in{trace.name(),
                 trace.share(),
                 trace.share_layer(ColorBy::kOperator),
                 {map.to_own(area.range.start), map.to_own(area.range.end)},
                 {}};
    for (std::size_t r = area.first_row; r <= area.last_row && r < scene.rows.size(); ++r) {
      for (const LaneRef lane : scene.rows[r].lanes) {
        if (lane.trace == t) in.lanes.push_back(lane.lane);
      }
    }
    all.push_back(std::move(in));
  }
  return all;
}

std::vector<AreaRow> area_rows(const std::vector<AreaLanes>& areas) {
  std::vector<AreaRow> rows;
  for (const AreaLanes& area : areas) {
    if (area.own.is_empty()) continue;
    Sums sums;
    for (const std::uint32_t lane : area.lanes)
      sums.add_lane(area.by_operator->layer.bands, lane, area.own);
    sums.append_rows(area, rows);
  }
  return rows;
}

std::vector<AreaRow> area_rows(Session& session, const Area& area) {
  return area_rows(lanes_in(session, area));
}

QString area_csv(const std::vector<AreaRow>& rows) {
  QString csv =
      QStringLiteral("trace,name,count,total_ns,mean_ns,min_ns,p50_ns,p95_ns,max_ns,share\n");
  const auto quoted = [](QString text) {
    if (!text.contains(',') && !text.contains('"')) return text;
    return '"' + text.replace('"', QStringLiteral("\"\"")) + '"';
  };
  for (const AreaRow& row : rows) {
    QStringList cells{quoted(row.trace), quoted(row.name), QString::number(row.count)};
    for (const double ns : {row.total, row.mean, row.min, row.p50, row.p95, row.max})
      cells.push_back(QString::number(ns, 'f', 0));
    cells.push_back(QString::number(row.share, 'f', 6));
    csv += cells.join(',') + '\n';
  }
  return csv;
}

}  // namespace mk::gui
