#include "gui/panels/area_panel.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPointer>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {
const QString kKey = QStringLiteral("area");
}  // namespace

QTableView* make_table(QAbstractItemModel* model, QWidget* parent) {
  auto* table = new QTableView(parent);
  table->setModel(model);
  table->setSortingEnabled(true);
  table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setAlternatingRowColors(true);
  table->setShowGrid(false);
  table->setWordWrap(false);
  table->setMinimumHeight(60);
  table->verticalHeader()->hide();
  table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  table->verticalHeader()->setDefaultSectionSize(20);
  table->horizontalHeader()->setDefaultSectionSize(104);
  return table;
}

AreaPanel::AreaPanel(Background& background, QWidget* parent)
    : QWidget(parent), background_(background) {
  title_ = new QLabel(this);
  model_ = new AreaModel(this);
  table_ = make_table(model_, this);
  auto* copy = new QPushButton(QStringLiteral("Copy as CSV"), this);
  connect(copy, &QPushButton::clicked, this, [this] { copy_csv(); });
  auto* head = new QHBoxLayout();
  head->addWidget(title_, 1);
  head->addWidget(copy);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addLayout(head);
  layout->addWidget(table_);
  show_nothing();
}

void AreaPanel::show_area(Session& session, const Area& area) {
  title_->setText(QStringLiteral("%1 of time on %2 rows")
                      .arg(duration_text(area.range.length()))
                      .arg(area.last_row - area.first_row + 1));
  background_.start({QStringLiteral("summing up"), kKey, OnSameKey::kReplace},
                    [panel = QPointer(this), lanes = lanes_in(session, area)](const Job& job) {
                      job.deliver([panel, rows = area_rows(lanes)] {
                        if (panel) panel->model_->set_rows(rows);
                      });
                    });
}

void AreaPanel::show_nothing() {
  title_->setText(QStringLiteral("Drag over the timeline to sum up what lies there."));
  background_.withdraw(kKey);
  model_->set_rows({});
}

void AreaPanel::copy_csv() const {
  QGuiApplication::clipboard()->setText(area_csv(model_->rows()));
}

}  // namespace mk::gui
