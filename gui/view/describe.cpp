#include <algorithm>

#include "gui/timeline/time_text.h"
#include "gui/view/timeline_view.h"

namespace mk::gui {
namespace {

// What is in one column of a lane: how many slices, how much of its time they fill.
QString describe_column(const SceneTrace& trace, std::uint32_t lane, double time,
                        double ns_per_pixel) {
  const Bands& bands = trace.layer->bands;
  const double from = trace.map.to_own(time);
  const double to = from + ns_per_pixel / trace.map.scale;
  double busy = 0;
  std::uint64_t count = 0;
  for (std::uint32_t k = first_ending_after(bands, lane, from);
       k < bands.lane_end[lane] && static_cast<double>(bands.start[k]) < to; ++k) {
    ++count;
    if (trace.layer->entries[bands.category[k]].is_wait) continue;
    busy += std::min(static_cast<double>(bands.end[k]), to) -
            std::max(static_cast<double>(bands.start[k]), from);
  }
  if (count < 2) return {};
  return QStringLiteral("  ·  %1 slices in this pixel, %2 busy")
      .arg(count_text(count), percent_text(busy / (to - from)));
}

// The wait that holds at this time, as its cause.
QString describe_wait(const SceneTrace& trace, std::uint32_t lane, double time) {
  if (trace.waits == nullptr || lane >= trace.waits->bands.lanes()) return {};
  const std::uint32_t k = band_at(trace.waits->bands, lane, trace.map.to_own(time), 0);
  if (k == kNoIndex) return {};
  const LegendEntry& entry = trace.waits->entries[trace.waits->bands.category[k]];
  const auto length = static_cast<double>(trace.waits->bands.end[k] - trace.waits->bands.start[k]);
  return QString::fromStdString(entry.name) + QStringLiteral("  ") + duration_text(length);
}

}  // namespace

QString describe(Session& session, const Picked& picked, double ns_per_pixel) {
  if (picked.part != Part::kPlot) return {};
  const Scene& scene = session.scene();
  QString text = QStringLiteral("at ") + duration_text(picked.time);
  if (!picked.lane) {
    if (!picked.row || scene.rows[*picked.row].kind != RowKind::kCounter) return text;
    const Row& row = scene.rows[*picked.row];
    const auto value = row.steps->at(scene.traces[row.trace].map.to_own(picked.time));
    return text + QStringLiteral("  ·  ") + row.label + QStringLiteral(": ") +
           (value ? QString::number(*value) : QStringLiteral("nothing recorded"));
  }
  const SceneTrace& trace = scene.traces[picked.lane->trace];
  const QString column = describe_column(trace, picked.lane->lane, picked.time, ns_per_pixel);
  if (!picked.slice) {
    const QString wait = describe_wait(trace, picked.lane->lane, picked.time);
    return wait.isEmpty() ? text : text + QStringLiteral("  ·  ") + wait;
  }
  const Trace& source = session.trace(picked.slice->trace).trace();
  const std::uint32_t k = picked.slice->slice;
  const auto length = static_cast<double>(source.slices.end[k] - source.slices.start[k]);
  text += QStringLiteral("  ·  ") + slice_name(source, k) + QStringLiteral("  ") +
          duration_text(length);
  return text + column;
}

}  // namespace mk::gui
