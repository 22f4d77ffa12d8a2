// The panels around the timeline: which there are, and what each hears of.
#pragma once

#include <QDockWidget>
#include <QMenu>
#include <vector>

#include "gui/app/main_window.h"
#include "gui/model/prediction.h"
#include "gui/model/sweep_map.h"

class QTextBrowser;

namespace mk::gui {

class AreaPanel;
class BookmarksPanel;
class ComparePanel;
class DetailsPanel;
class GraphPanel;
class HeatMapPanel;
class SearchPanel;
class SimulatePanel;
class SqlPanel;

class Panels {
 public:
  Panels(MainWindow& window, QMenu& menu);

  void session_changed();
  void show_sweep(const QString& path, OpenedSweep sweep);
  void run(Command command);
  // Shows the panel of that title; nothing iff there is none.
  void raise(const QString& title);
  // Heights and widths of a first start.
  void settle();

  AreaPanel& area() { return *area_; }
  BookmarksPanel& bookmarks() { return *bookmarks_; }
  ComparePanel& compare() { return *compare_; }
  DetailsPanel& details() { return *details_; }
  GraphPanel& graph() { return *graph_; }
  HeatMapPanel& heat_map() { return *heat_map_; }
  SearchPanel& search() { return *search_; }
  SimulatePanel& simulate() { return *simulate_; }
  SqlPanel& sql() { return *sql_; }
  QString health_text() const;

 private:
  QDockWidget* dock(const QString& title, QWidget* panel, Qt::DockWidgetArea area);
  void make_docks();
  void wire();
  void selection_changed();
  void area_changed();
  void read_marks();
  void show_marks();
  void keep_marks();
  void take(Prediction prediction);
  void show_keys();

  MainWindow& window_;
  QMenu& menu_;
  AreaPanel* area_ = nullptr;
  BookmarksPanel* bookmarks_ = nullptr;
  ComparePanel* compare_ = nullptr;
  DetailsPanel* details_ = nullptr;
  GraphPanel* graph_ = nullptr;
  HeatMapPanel* heat_map_ = nullptr;
  SearchPanel* search_ = nullptr;
  SimulatePanel* simulate_ = nullptr;
  SqlPanel* sql_ = nullptr;
  QTextBrowser* health_ = nullptr;
  QDockWidget* area_dock_ = nullptr;
  QDockWidget* compare_dock_ = nullptr;
  QDockWidget* heat_dock_ = nullptr;
  QDockWidget* search_dock_ = nullptr;
  QDockWidget* slice_dock_ = nullptr;
  std::string marked_trace_{};  // whose bookmarks are shown
};

}  // namespace mk::gui
