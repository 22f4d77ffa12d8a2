#include "gui/app/panels.h"

#include <QDialog>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "gui/model/health_text.h"
#include "gui/panels/area_panel.h"
#include "gui/panels/details_panel.h"
#include "gui/panels/search_panel.h"

namespace mk::gui {

Panels::Panels(MainWindow& window, QMenu& menu) : window_(window) {
  details_ = new DetailsPanel(&window);
  area_ = new AreaPanel(&window);
  search_ = new SearchPanel(window.session(), &window);
  health_ = new QTextBrowser(&window);
  dock(QStringLiteral("Slice"), details_, Qt::RightDockWidgetArea, menu);
  area_dock_ = dock(QStringLiteral("Area"), area_, Qt::BottomDockWidgetArea, menu);
  search_dock_ = dock(QStringLiteral("Search"), search_, Qt::BottomDockWidgetArea, menu);
  QDockWidget* health = dock(QStringLiteral("Traces"), health_, Qt::BottomDockWidgetArea, menu);
  window.tabifyDockWidget(area_dock_, search_dock_);
  window.tabifyDockWidget(search_dock_, health);
  area_dock_->raise();
  window.resizeDocks({area_dock_}, {190}, Qt::Vertical);
  const auto choose = [this](SliceRef slice) { window_.timeline().select(slice, true); };
  details_->on_slice_chosen = choose;
  search_->on_slice_chosen = choose;
  search_->on_found = [this](std::vector<SliceRef> found) {
    window_.timeline().set_found(std::move(found));
  };
  search_->where = [this] {
    const TimelineView& timeline = window_.timeline();
    return SearchFrom{timeline.overlay().selected, timeline.view().window.start};
  };
  QObject::connect(&window.timeline(), &TimelineView::selectionChanged, &window,
                   [this] { selection_changed(); });
  QObject::connect(&window.timeline(), &TimelineView::areaChanged, &window,
                   [this] { area_changed(); });
}

QDockWidget* Panels::dock(const QString& title, QWidget* panel, Qt::DockWidgetArea area,
                          QMenu& menu) {
  auto* dock = new QDockWidget(title, &window_);
  dock->setObjectName(title);
  dock->setWidget(panel);
  window_.addDockWidget(area, dock);
  menu.addAction(dock->toggleViewAction());
  return dock;
}

void Panels::selection_changed() {
  const auto& selected = window_.timeline().overlay().selected;
  if (selected) {
    details_->show_slice(window_.session(), *selected);
  } else {
    details_->show_nothing();
  }
}

void Panels::area_changed() {
  const auto& area = window_.timeline().overlay().area;
  if (!area) return area_->show_nothing();
  area_->show_area(window_.session(), *area);
  area_dock_->raise();
}

void Panels::session_changed() {
  search_->session_changed();
  fill_health();
  selection_changed();
}

void Panels::fill_health() { health_->setHtml(traces_html(window_.session())); }
QString Panels::health_text() const { return health_->toPlainText(); }

bool Panels::open_other(const QString&) { return false; }

void Panels::run(Command command) {
  switch (command) {
    case Command::kSearch:
      search_dock_->show();
      search_dock_->raise();
      return search_->focus_field();
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
