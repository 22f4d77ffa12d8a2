// The panels around the timeline: which there are, and what each hears of.
#pragma once

#include <QDockWidget>
#include <QMenu>
#include <vector>

#include "gui/app/main_window.h"

class QTextBrowser;

namespace mk::gui {

class AreaPanel;
class DetailsPanel;
class SearchPanel;

class Panels {
 public:
  Panels(MainWindow& window, QMenu& menu);

  void session_changed();
  // Opens what is no trace (a sweep). False iff it is none of these.
  bool open_other(const QString& path);
  void run(Command command);

  DetailsPanel& details() { return *details_; }
  AreaPanel& area() { return *area_; }
  SearchPanel& search() { return *search_; }
  QString health_text() const;

 private:
  QDockWidget* dock(const QString& title, QWidget* panel, Qt::DockWidgetArea area, QMenu& menu);
  void selection_changed();
  void area_changed();
  void fill_health();
  void show_keys();

  MainWindow& window_;
  DetailsPanel* details_ = nullptr;
  AreaPanel* area_ = nullptr;
  SearchPanel* search_ = nullptr;
  QTextBrowser* health_ = nullptr;
  QDockWidget* search_dock_ = nullptr;
  QDockWidget* area_dock_ = nullptr;
};

}  // namespace mk::gui
