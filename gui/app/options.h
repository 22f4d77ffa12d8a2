// The command line of megascope-gui.
#pragma once

#include <QSize>
#include <QString>
#include <QStringList>
#include <optional>

#include "core/result.h"
#include "gui/model/alignment.h"
#include "gui/model/lane_rows.h"
#include "gui/timeline/coloring.h"
#include "gui/timeline/theme.h"
#include "gui/timeline/time_window.h"

namespace mk::gui {

struct Options {
  QStringList traces{};
  QString screenshot{};         // file; empty: open a window
  QString window_screenshot{};  // file: the window, once all is loaded; then ends
  QSize size = QSize(1600, 900);
  double pixel_ratio = 1;
  std::optional<TimeRange> range{};  // ns on the axis
  std::optional<ThemeName> theme{};
  std::optional<CompareMode> mode{};
  std::optional<ColorBy> color_by{};
  std::optional<AlignBy> align_by{};
  int row_height = 0;  // 0: what fits
  bool counters = false;
  bool critical_path = false;
  QString select{};        // a task, "L3.qkv[17]", of the middle iteration, or "TASK@ITERATION"
  QString panel{};         // by its title: on top
  QString record_input{};  // file that gets what the person does to the timeline
  bool help = false;
  bool version = false;
};

// kUsage names the argument and what would be right.
Result<Options> parse_options(const QStringList& arguments);
QString help_text();

// "120us", "1.5ms", "3s", "250" (us) as ns.
std::optional<double> parse_time(const QString& text);

}  // namespace mk::gui
