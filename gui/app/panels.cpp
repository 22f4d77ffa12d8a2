#include "gui/app/panels.h"

#include <QDialog>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "gui/model/bounds.h"
#include "gui/model/health_text.h"
#include "gui/panels/area_panel.h"
#include "gui/panels/bookmarks_panel.h"
#include "gui/panels/command_palette.h"
#include "gui/panels/compare_panel.h"
#include "gui/panels/details_panel.h"
#include "gui/panels/graph_panel.h"
#include "gui/panels/heat_map.h"
#include "gui/panels/search_panel.h"
#include "gui/panels/simulate_panel.h"
#include "gui/panels/sql_panel.h"

namespace mk::gui {

Panels::Panels(MainWindow& window, QMenu& menu) : window_(window), menu_(menu) {
  area_ = new AreaPanel(window.panel_work(), &window);
  bookmarks_ = new BookmarksPanel(&window);
  compare_ = new ComparePanel(window.session(), window.panel_work(), &window);
  details_ = new DetailsPanel(&window);
  graph_ = new GraphPanel(window.panel_work(), &window);
  heat_map_ = new HeatMapPanel(window.panel_work(), &window);
  search_ = new SearchPanel(window.session(), &window);
  simulate_ = new SimulatePanel(&window);
  sql_ = new SqlPanel(window.session(), &window);
  window.watch(simulate_->background());
  window.watch(sql_->background());
  health_ = new QTextBrowser(&window);
  make_docks();
  wire();
}

QDockWidget* Panels::dock(const QString& title, QWidget* panel, Qt::DockWidgetArea area) {
  auto* dock = new QDockWidget(title, &window_);
  dock->setObjectName(title);
  dock->setWidget(panel);
  window_.addDockWidget(area, dock);
  menu_.addAction(dock->toggleViewAction());
  return dock;
}

void Panels::make_docks() {
  slice_dock_ = dock(QStringLiteral("Slice"), details_, Qt::RightDockWidgetArea);
  QDockWidget* simulate = dock(QStringLiteral("Simulate"), simulate_, Qt::RightDockWidgetArea);
  QDockWidget* marks = dock(QStringLiteral("Bookmarks"), bookmarks_, Qt::RightDockWidgetArea);
  window_.tabifyDockWidget(slice_dock_, simulate);
  window_.tabifyDockWidget(simulate, marks);
  slice_dock_->raise();
  area_dock_ = dock(QStringLiteral("Area"), area_, Qt::BottomDockWidgetArea);
  compare_dock_ = dock(QStringLiteral("Compare"), compare_, Qt::BottomDockWidgetArea);
  search_dock_ = dock(QStringLiteral("Search"), search_, Qt::BottomDockWidgetArea);
  QDockWidget* graph = dock(QStringLiteral("Task graph"), graph_, Qt::BottomDockWidgetArea);
  QDockWidget* sql = dock(QStringLiteral("SQL"), sql_, Qt::BottomDockWidgetArea);
  heat_dock_ = dock(QStringLiteral("Sweep"), heat_map_, Qt::BottomDockWidgetArea);
  QDockWidget* health = dock(QStringLiteral("Traces"), health_, Qt::BottomDockWidgetArea);
  QDockWidget* last = area_dock_;
  for (QDockWidget* next : {compare_dock_, search_dock_, graph, sql, heat_dock_, health}) {
    window_.tabifyDockWidget(last, next);
    last = next;
  }
  area_dock_->raise();
}

void Panels::settle() {
  window_.resizeDocks({area_dock_}, {170}, Qt::Vertical);
  window_.resizeDocks({slice_dock_}, {290}, Qt::Horizontal);
}

void Panels::raise(const QString& title) {
  auto* dock = window_.findChild<QDockWidget*>(title);
  if (dock == nullptr) return;
  dock->show();
  dock->raise();
}

void Panels::wire() {
  TimelineView& timeline = window_.timeline();
  const auto choose = [&timeline](SliceRef slice) { timeline.select(slice, true); };
  details_->on_slice_chosen = choose;
  search_->on_slice_chosen = choose;
  compare_->on_slice_chosen = choose;
  graph_->on_task_chosen = [this, choose](std::uint32_t task) {
    const auto& selected = window_.timeline().overlay().selected;
    if (!selected) return;
    LoadedTrace& trace = window_.session().trace(selected->trace);
    const TraceIndex* index = trace.index();
    const std::uint32_t iteration = trace.trace().slices.iteration[selected->slice];
    const std::uint32_t slice = index == nullptr ? kNoIndex : index->slice_of(iteration, task);
    if (slice != kNoIndex) choose({selected->trace, slice});
  };
  search_->on_found = [&timeline](std::vector<SliceRef> found) {
    timeline.set_found(std::move(found));
  };
  search_->where = [&timeline] {
    return SearchFrom{timeline.overlay().selected, timeline.view().window.start};
  };
  simulate_->on_predicted = [this](Prediction prediction) { take(std::move(prediction)); };
  heat_map_->view().on_cell_chosen = [this](const SweepCell& cell) {
    simulate_->set_point(cell.point);
    simulate_->run(cell.iteration_us);
  };
  bookmarks_->on_changed = [this] { keep_marks(); };
  bookmarks_->on_chosen = [&timeline](const Bookmark& bookmark) {
    Viewport view = timeline.view();
    view.window.start = bookmark.time - view.window.ns_per_pixel * timeline.width() / 3;
    timeline.go(view);
  };
  QObject::connect(&timeline, &TimelineView::selectionChanged, &window_,
                   [this] { selection_changed(); });
  QObject::connect(&timeline, &TimelineView::areaChanged, &window_, [this] { area_changed(); });
}

void Panels::take(Prediction prediction) {
  window_.loader().adopt(std::make_unique<LoadedTrace>(QString::fromStdString(prediction.name),
                                                       std::string(), prediction.trace));
}

void Panels::selection_changed() {
  const auto& selected = window_.timeline().overlay().selected;
  if (!selected) {
    details_->show_nothing();
    return graph_->show_nothing();
  }
  details_->show_slice(window_.session(), *selected);
  graph_->show_task(window_.session(), *selected);
}

void Panels::area_changed() {
  const auto& area = window_.timeline().overlay().area;
  if (!area) return area_->show_nothing();
  area_->show_area(window_.session(), *area);
  area_dock_->raise();
}

void Panels::session_changed() {
  search_->session_changed();
  sql_->session_changed();
  compare_->session_changed();
  health_->setHtml(traces_html(window_.session()));
  read_marks();
  show_marks();
  selection_changed();
}

QString Panels::health_text() const { return health_->toPlainText(); }

void Panels::show_sweep(const QString& path, OpenedSweep sweep) {
  heat_map_->show_file(path, std::move(sweep));
  heat_dock_->show();
  heat_dock_->raise();
}

// Bookmarks are those of the first trace that is a file.
void Panels::read_marks() {
  const Session& session = window_.session();
  const std::string path = session.size() > 0 ? session.trace(0).path() : std::string();
  if (path == marked_trace_) return;
  marked_trace_ = path;
  const Result<std::vector<Bookmark>> read =
      path.empty() ? Result<std::vector<Bookmark>>(std::vector<Bookmark>()) : read_bookmarks(path);
  if (!read) window_.say(QString::fromStdString(read.error().message));
  bookmarks_->set_bookmarks(read ? *read : std::vector<Bookmark>());
}

void Panels::show_marks() {
  Session& session = window_.session();
  std::vector<MarkLine> lines;
  if (session.size() > 0) {
    lines = mark_lines(bookmarks_->bookmarks(), session.scene().traces[0].map);
    if (session.size() > 1) {
      const std::vector<MarkLine> bounds = bound_lines(session);
      lines.insert(lines.end(), bounds.begin(), bounds.end());
    }
  }
  window_.timeline().set_marks(std::move(lines));
}

void Panels::keep_marks() {
  show_marks();
  if (marked_trace_.empty()) return;
  const Status written = write_bookmarks(marked_trace_, bookmarks_->bookmarks());
  if (!written) window_.say(QString::fromStdString(written.error().message));
}

void Panels::run(Command command) {
  switch (command) {
    case Command::kSearch:
      search_dock_->show();
      search_dock_->raise();
      return search_->focus_field();
    case Command::kBookmark: {
      if (window_.session().size() == 0) return;
      const TimelineView& timeline = window_.timeline();
      const TimeMap& map = window_.session().scene().traces[0].map;
      const double middle = timeline.view().window.time_at(timeline.width() / 2.0);
      return bookmarks_->add(map.to_own(timeline.overlay().cursor.value_or(middle)));
    }
    case Command::kPalette:
      (new CommandPalette(window_.actions_by_name(), &window_))->open();
      return;
    case Command::kHelp:
      return show_keys();
    default:
      return;
  }
}

void Panels::show_keys() {
  auto* dialog = new QDialog(&window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(QStringLiteral("Keys"));
  auto* browser = new QTextBrowser(dialog);
  QString html = QStringLiteral("<table>");
  for (const KeyFacts& key : key_table()) {
    html += QStringLiteral("<tr><td><b>%1</b>&nbsp;&nbsp;&nbsp;</td><td>%2</td></tr>")
                .arg(QString::fromUtf8(key.keys).toHtmlEscaped(),
                     QString::fromUtf8(key.meaning).toHtmlEscaped());
  }
  browser->setHtml(html + QStringLiteral("</table>"));
  auto* layout = new QVBoxLayout(dialog);
  layout->addWidget(browser);
  dialog->resize(560, 560);
  dialog->open();
}

}  // namespace mk::gui
