// The window: a timeline in the middle, panels around it, menus. It wires; each part does its work.
#pragma once

#include <QMainWindow>
#include <QSet>
#include <QStringList>
#include <memory>
#include <vector>

#include "gui/app/options.h"
#include "gui/model/loader.h"
#include "gui/model/session.h"
#include "gui/view/timeline_view.h"

class QActionGroup;
class QLabel;
class QMenu;
class QProgressBar;
class QToolButton;

namespace mk::gui {

class Panels;

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow();
  ~MainWindow() override;

  void open(const QString& path);
  void close_trace(std::size_t trace);
  // Makes what runs there part of what the status line shows and its Cancel ends. Lives as long as
  // the window.
  void watch(Background& background);
  // Something runs: a file is loaded, something derived, a panel works.
  bool is_busy() const;
  // Ends all of that. What was not derived is asked for again when the person asks again.
  void cancel();
  void apply(const Options& options);
  // Layout, theme and recent files of the last time; written when the window closes.
  void restore();
  // A line for the person, in the window's message bar.
  void say(const QString& text);
  QString message() const;
  void set_theme(ThemeName theme);
  void show_error(const QString& path, const Error& error);
  void take(std::unique_ptr<LoadedTrace> trace);

  Session& session() { return session_; }
  TimelineView& timeline() { return *timeline_; }
  Loader& loader() { return *loader_; }
  // Where panels do what takes its time.
  Background& panel_work() { return *panel_work_; }
  Panels& panels() { return *panels_; }
  // All actions of the menus, for the command palette.
  std::vector<QAction*> actions_by_name() const;
  const QStringList& recent() const { return recent_; }

  void set_arrangement(const Arrangement& arrangement);
  void set_alignment(const Alignment& alignment);
  void set_color_by(ColorBy by);
  void set_critical_path(bool shown);
  void set_counters(bool shown);
  void export_picture();
  void run(Command command);

 protected:
  void closeEvent(QCloseEvent* event) override;

 private:
  void build_status();
  void complete(WholeTrace whole);
  void session_changed();
  void derive_missing();
  // Of a file that was to be opened: what waits for all traces waits no longer for this one.
  void is_no_trace(const QString& path);
  void apply_pending();
  void select_pending();
  void row_menu(int row, QPoint position);
  void remember(const QString& path);
  void fill_recent();

  friend class Menus;

  Session session_{};
  TimelineView* timeline_ = nullptr;
  std::unique_ptr<Panels> panels_;
  std::unique_ptr<class Menus> menus_;
  QLabel* hover_ = nullptr;
  QLabel* message_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QToolButton* cancel_ = nullptr;
  QStringList recent_{};
  std::optional<Options> pending_{};  // applied when the first trace is there
  QString pending_select_{};          // once the first trace is whole
  bool shows_path_ = false;
  std::vector<Background*> watched_{};  // all that may run
  QSet<QString> declined_{};            // keys of derivations that the person cancelled
  // Last, so that their threads end first.
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<Background> derivations_;
  std::unique_ptr<Background> panel_work_;
};

}  // namespace mk::gui
