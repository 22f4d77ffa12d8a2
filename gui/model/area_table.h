// What lies in a selected area, by operator: the table under the timeline.
#pragma once

#include <QString>
#include <memory>
#include <vector>

#include "gui/model/session.h"
#include "gui/timeline/overlay.h"

namespace mk::gui {

// Lengths are of whole slices; `total` and `share` are of the part inside the area.
struct AreaRow {
  QString trace{};
  QString name{};  // operator, span, or "(no slice)" for the rest of the lanes' time
  QRgb colour = 0;
  std::uint64_t count = 0;  // slices that touch the area
  double total = 0;         // ns
  double mean = 0;
  double min = 0;
  double p50 = 0;
  double p95 = 0;
  double max = 0;
  double share = 0;  // of the area's time on the lanes of this trace
};

// The lanes of one trace in an area, shared, so that another thread may sum them up.
struct AreaLanes {
  QString trace{};
  std::shared_ptr<const Trace> keep{};  // whose columns the layer shows
  std::shared_ptr<const OwnedLayer> by_operator{};
  TimeRange own{};  // the trace's time
  std::vector<std::uint32_t> lanes{};
};
std::vector<AreaLanes> lanes_in(Session& session, const Area& area);

// Most time first within each trace, "(no slice)" last.
std::vector<AreaRow> area_rows(const std::vector<AreaLanes>& lanes);
std::vector<AreaRow> area_rows(Session& session, const Area& area);

// With a header; times in ns.
QString area_csv(const std::vector<AreaRow>& rows);

}  // namespace mk::gui
