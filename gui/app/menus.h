// The menus of the window.
#pragma once

#include <QActionGroup>
#include <QMenu>
#include <functional>
#include <vector>

#include "gui/app/main_window.h"

namespace mk::gui {

class Menus {
 public:
  explicit Menus(MainWindow& window);

  QMenu* recent() { return recent_; }
  QMenu* panels() { return panels_; }
  // Ticks what is so now.
  void follow(const Session& session, ThemeName theme, bool critical_path);
  void fill_close(const Session& session);

 private:
  using Slot = std::function<void()>;
  QAction* add(QMenu* menu, const QString& text, const QKeySequence& keys, Slot slot);
  QActionGroup* choice(QMenu* menu, const QString& title, const std::vector<QString>& names,
                       const std::function<void(int)>& chosen);
  void file_menu();
  void view_menu();
  void compare_menu();
  void go_menu();

  MainWindow& window_;
  QMenu* recent_ = nullptr;
  QMenu* close_ = nullptr;
  QMenu* panels_ = nullptr;
  QActionGroup* themes_ = nullptr;
  QActionGroup* colors_ = nullptr;
  QActionGroup* modes_ = nullptr;
  QActionGroup* alignments_ = nullptr;
  QAction* path_ = nullptr;
  QAction* counters_ = nullptr;
};

}  // namespace mk::gui
