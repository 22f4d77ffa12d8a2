// What lies in a selected area, by operator: the table under the timeline.
#pragma once

#include <QString>
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

// Most time first within each trace, "(no slice)" last.
std::vector<AreaRow> area_rows(Session& session, const Area& area);

// With a header; times in ns.
QString area_csv(const std::vector<AreaRow>& rows);

}  // namespace mk::gui
