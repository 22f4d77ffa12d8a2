#include "gui/app/main_window.h"

#include <QCloseEvent>
#include <QFileDialog>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QSettings>
#include <QStatusBar>
#include <QToolButton>
#include <algorithm>

#include "gui/app/export.h"
#include "gui/app/menus.h"
#include "gui/app/panels.h"
#include "gui/app/screenshot.h"
#include "gui/app/window_program.h"
#include "gui/model/derivations.h"
#include "gui/model/overlays.h"

namespace mk::gui {
namespace {
constexpr qsizetype kMostRecent = 10;
}  // namespace

MainWindow::MainWindow() {
  setObjectName(QStringLiteral("main_window"));
  setWindowTitle(QStringLiteral("Megascope"));
  resize(1600, 900);
  session_.set_derives(false);
  loader_ = std::make_unique<Loader>(session_.operators());
  derivations_ = std::make_unique<Background>(RunIn::kThread);
  panel_work_ = std::make_unique<Background>(RunIn::kThread);
  timeline_ = new TimelineView(session_, this);
  timeline_->set_empty_text(
      QStringLiteral("Drop traces here, or open them with Ctrl+O.\n\n"
                     "megascope simulate qwen3-8b --machine h100-sxm -o predicted.db"));
  setCentralWidget(timeline_);
  build_status();
  menus_ = std::make_unique<Menus>(*this);
  panels_ = std::make_unique<Panels>(*this, *menus_->panels());
  loader_->on_opened = [this](std::unique_ptr<LoadedTrace> trace) { take(std::move(trace)); };
  loader_->on_sweep = [this](const QString& path, OpenedSweep sweep) {
    panels_->show_sweep(path, std::move(sweep));
    remember(path);
    is_no_trace(path);
  };
  loader_->on_failed = [this](const QString& path, const Error& error) {
    show_error(path, error);
    is_no_trace(path);
  };
  loader_->on_completed = [this](WholeTrace whole) { complete(std::move(whole)); };
  connect(timeline_, &TimelineView::hovered, hover_, &QLabel::setText);
  connect(timeline_, &TimelineView::commandWanted, this, &MainWindow::run);
  connect(timeline_, &TimelineView::rowMenuWanted, this, &MainWindow::row_menu);
  connect(timeline_, &TimelineView::filesDropped, this, [this](const QStringList& paths) {
    for (const QString& path : paths) open(path);
  });
  set_theme(ThemeName::kDark);
  session_changed();
}

MainWindow::~MainWindow() = default;

void MainWindow::build_status() {
  hover_ = new QLabel(this);
  message_ = new QLabel(this);
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  progress_ = new QProgressBar(this);
  progress_->setMinimumWidth(260);
  cancel_ = new QToolButton(this);
  cancel_->setText(QStringLiteral("Cancel"));
  statusBar()->addWidget(hover_, 1);
  statusBar()->addPermanentWidget(message_);
  statusBar()->addPermanentWidget(progress_);
  statusBar()->addPermanentWidget(cancel_);
  progress_->hide();
  cancel_->hide();
  connect(cancel_, &QToolButton::clicked, this, &MainWindow::cancel);
  for (Background* background : {&loader_->background(), derivations_.get(), panel_work_.get()})
    watch(*background);
  // What a job was given may be out of date when it ends.
  connect(derivations_.get(), &Background::busyChanged, this, [this](bool is_working) {
    if (!is_working) derive_missing();
  });
}

// A job that cannot say how far it is shows a bar that moves.
void MainWindow::watch(Background& background) {
  watched_.push_back(&background);
  connect(&background, &Background::busyChanged, this, [this] {
    progress_->setVisible(is_busy());
    cancel_->setVisible(is_busy());
  });
  connect(&background, &Background::progressed, this, [this](const QString& what, double part) {
    progress_->setRange(0, part > 0 ? 1000 : 0);
    progress_->setValue(static_cast<int>(part * 1000));
    progress_->setFormat(what + QStringLiteral(" %p %"));
  });
}

bool MainWindow::is_busy() const {
  return std::any_of(watched_.begin(), watched_.end(),
                     [](const Background* background) { return background->is_busy(); });
}

void MainWindow::cancel() {
  for (Background* background : watched_) background->cancel();
  for (const Derivation& missing : missing_derivations(session_, shows_path_))
    declined_.insert(missing.key);
}

void MainWindow::open(const QString& path) { loader_->open(path); }

void MainWindow::show_error(const QString& path, const Error& error) {
  const QString text = QString::fromStdString(error.message);
  say(text.contains(path) ? text : path + QStringLiteral(": ") + text);
}

void MainWindow::say(const QString& text) { message_->setText(text); }
QString MainWindow::message() const { return message_->text(); }

void MainWindow::take(std::unique_ptr<LoadedTrace> trace) {
  say({});
  const QString path = QString::fromStdString(trace->path());
  session_.add(std::move(trace));
  if (!path.isEmpty()) remember(path);
  session_changed();
  apply_pending();
}

void MainWindow::is_no_trace(const QString& path) {
  if (!pending_) return;
  pending_->traces.removeOne(path);
  if (session_.size() > 0) apply_pending();
}

void MainWindow::apply_pending() {
  if (pending_ && session_.size() >= static_cast<std::size_t>(pending_->traces.size())) {
    const Options options = *std::exchange(pending_, std::nullopt);
    const Viewport view = apply_options(session_, options, timeline_->size());
    session_changed();
    timeline_->go(view);
    if (options.critical_path) set_critical_path(true);
    pending_select_ = options.select;
  }
  select_pending();
}

void MainWindow::select_pending() {
  const bool is_whole = session_.size() > 0 && session_.trace(0).is_complete();
  if (pending_select_.isEmpty() || !is_whole) return;
  const Result<SliceRef> slice = find_selected(session_, std::exchange(pending_select_, {}));
  slice ? timeline_->select(*slice, true) : say(QString::fromStdString(slice.error().message));
}

void MainWindow::close_trace(std::size_t trace) {
  timeline_->clear();
  session_.close(trace);
  set_critical_path(false);
  session_changed();
}

void MainWindow::complete(WholeTrace whole) {
  for (LoadedTrace* open : session_.traces()) {
    if (open->share() != whole.outline) continue;
    open->complete(std::move(whole.trace), std::move(whole.derived));
    session_.contents_changed();
    session_changed();
    select_pending();
    const std::size_t doubts = open->trace().health.size();
    if (doubts > 0)
      say(QStringLiteral("⚠ %1: %2 of doubt, see Traces")
              .arg(open->name(), doubts == 1 ? QStringLiteral("a point")
                                             : QStringLiteral("%1 points").arg(doubts)));
    return;
  }
}

void MainWindow::session_changed() {
  timeline_->session_changed();
  menus_->follow(session_, timeline_->theme(), shows_path_);
  menus_->fill_close(session_);
  if (shows_path_) timeline_->set_path(path_steps(session_));
  panels_->session_changed();
  QStringList names;
  for (const LoadedTrace* trace : session_.traces()) names.push_back(trace->name());
  setWindowTitle(names.isEmpty()
                     ? QStringLiteral("Megascope")
                     : names.join(QStringLiteral(" | ")) + QStringLiteral(" — Megascope"));
  derive_missing();
}

void MainWindow::derive_missing() {
  for (Derivation& missing : missing_derivations(session_, shows_path_)) {
    if (declined_.contains(missing.key)) continue;
    derivations_->start({missing.what, missing.key},
                        [this, make = std::move(missing.make)](const Job& job) {
                          const Derivation::Install install = make();
                          job.deliver([this, install] {
                            if (!install(session_)) return;
                            session_.contents_changed();
                            session_changed();
                          });
                        });
  }
}

void MainWindow::apply(const Options& options) {
  if (options.theme) set_theme(*options.theme);
  pending_ = options;
}

void MainWindow::set_theme(ThemeName theme) {
  style_application(theme);
  timeline_->set_theme(theme);
  menus_->follow(session_, theme, shows_path_);
}

void MainWindow::set_arrangement(const Arrangement& arrangement) {
  declined_.clear();
  session_.set_arrangement(arrangement);
  session_changed();
}

void MainWindow::set_alignment(const Alignment& alignment) {
  declined_.clear();
  session_.set_alignment(alignment);
  session_changed();
}

void MainWindow::set_color_by(ColorBy by) {
  declined_.clear();
  session_.set_color_by(by);
  session_changed();
}

void MainWindow::set_counters(bool shown) {
  Arrangement arrangement = session_.arrangement();
  arrangement.show_counters = shown;
  set_arrangement(arrangement);
}

void MainWindow::set_critical_path(bool shown) {
  shows_path_ = shown;
  declined_.clear();
  timeline_->set_path(shown ? path_steps(session_) : std::vector<PathStep>());
  menus_->follow(session_, timeline_->theme(), shows_path_);
  derive_missing();
}

void MainWindow::run(Command command) {
  if (timeline_->run(command)) return;
  switch (command) {
    case Command::kCriticalPath:
      return set_critical_path(!shows_path_);
    case Command::kCounters:
      return set_counters(!session_.arrangement().show_counters);
    default:
      panels_->run(command);
  }
}

void MainWindow::row_menu(int at, QPoint position) {
  const Scene& scene = session_.scene();
  const Row& row = scene.rows[static_cast<std::size_t>(at)];
  if (row.kind != RowKind::kLanes) return;
  const LaneKey key = session_.key_of(row);
  QMenu menu(this);
  QAction* pin = menu.addAction(row.is_pinned ? QStringLiteral("Unpin this lane")
                                              : QStringLiteral("Pin this lane on top"));
  QAction* hide = menu.addAction(QStringLiteral("Hide this lane"));
  const QAction* chosen = menu.exec(position);
  Arrangement arrangement = session_.arrangement();
  if (chosen == pin) {
    const auto found = std::find(arrangement.pinned.begin(), arrangement.pinned.end(), key);
    if (found == arrangement.pinned.end()) {
      arrangement.pinned.push_back(key);
    } else {
      arrangement.pinned.erase(found);
    }
  } else if (chosen == hide) {
    arrangement.hidden.insert(key);
  } else {
    return;
  }
  set_arrangement(arrangement);
}

void MainWindow::export_picture() {
  const QString path = QFileDialog::getSaveFileName(this, QStringLiteral("Export picture"), {},
                                                    QStringLiteral("Pictures (*.png *.svg)"));
  if (path.isEmpty()) return;
  const Status written = export_view(*timeline_, path);
  say(written ? path : QString::fromStdString(written.error().message));
}

std::vector<QAction*> MainWindow::actions_by_name() const {
  std::vector<QAction*> actions;
  for (QAction* action : findChildren<QAction*>()) {
    if (!action->text().isEmpty() && action->menu() == nullptr) actions.push_back(action);
  }
  return actions;
}

void MainWindow::remember(const QString& path) {
  recent_.removeAll(path);
  recent_.prepend(path);
  if (recent_.size() > kMostRecent) recent_.removeLast();
  fill_recent();
}

void MainWindow::fill_recent() {
  menus_->recent()->clear();
  for (const QString& path : recent_)
    menus_->recent()
        ->addAction(path, this, [this, path] { open(path); })
        ->setObjectName(QStringLiteral("Open again: ") + path);
  menus_->recent()->setEnabled(!recent_.isEmpty());
}

void MainWindow::restore() {
  const QSettings settings;
  restoreGeometry(settings.value("geometry").toByteArray());
  if (!restoreState(settings.value("layout").toByteArray())) panels_->settle();
  recent_ = settings.value("recent").toStringList();
  fill_recent();
  set_theme(theme_from_name(settings.value("theme").toString()).value_or(ThemeName::kDark));
  const auto color = color_by_from_name(settings.value("color").toString().toStdString());
  if (color) set_color_by(*color);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  QSettings settings;
  settings.setValue("geometry", saveGeometry());
  settings.setValue("layout", saveState());
  settings.setValue("recent", recent_);
  settings.setValue("theme", name_of(timeline_->theme()));
  const std::string_view color = name_of(session_.color_by());
  settings.setValue("color", QString::fromUtf8(color.data(), static_cast<qsizetype>(color.size())));
  event->accept();
}

}  // namespace mk::gui
