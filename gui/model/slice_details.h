// Everything that is known about one slice, for the details panel.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "gui/model/session.h"

namespace mk::gui {

struct InstantRow {
  QString name{};
  Nanoseconds at = kNotTaken;     // the trace's own time
  std::optional<double> since{};  // ns since the instant before it that was taken
};

struct WaitRow {
  QString cause{};
  double length = 0;  // ns
};

struct SliceDetails {
  QString name{};
  QString lane{};
  QString trace{};
  std::vector<std::pair<QString, QString>> facts{};  // operator, layer, tile, iteration ...
  std::vector<InstantRow> instants{};                // in the order in which they happen to a task
  std::vector<WaitRow> waits{};                      // of its worker, right before it started
  std::optional<SliceRef> holder{};                  // the task that let it go last
  QString held_by{};                                 // in words
  std::vector<SliceRef> producers{};                 // last first
  std::vector<SliceRef> consumers{};                 // first first
  struct Partner {
    SliceRef slice{};
    QString trace{};
    double later = 0;   // its start on the axis minus this one's
    double longer = 0;  // its length minus this one's
  };
  std::vector<Partner> partners{};
};

SliceDetails details_of(Session& session, SliceRef slice);

// As HTML; slices are links "slice:TRACE:NUMBER".
QString details_html(Session& session, const SliceDetails& details);
std::optional<SliceRef> slice_of_link(const QString& link);

}  // namespace mk::gui
