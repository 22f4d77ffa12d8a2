#include "gui/panels/search_panel.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QVBoxLayout>

#include "gui/panels/area_panel.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {
constexpr std::size_t kMostMarked = 4000;
}  // namespace

SearchPanel::SearchPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  field_ = new QLineEdit(this);
  field_->setPlaceholderText(QStringLiteral("part of a name, as: L3 qkv"));
  field_->setClearButtonEnabled(true);
  field_->installEventFilter(this);
  count_ = new QLabel(this);
  model_ = new SearchModel(session, this);
  table_ = make_table(model_, this);
  auto* head = new QHBoxLayout();
  head->addWidget(field_, 1);
  head->addWidget(count_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addLayout(head);
  layout->addWidget(table_);
  connect(field_, &QLineEdit::textChanged, this, [this](const QString& text) { search_for(text); });
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
    if (on_slice_chosen) on_slice_chosen(model_->slice(index.row()));
  });
}

void SearchPanel::focus_field() {
  field_->setFocus();
  field_->selectAll();
}

void SearchPanel::search_for(const QString& text) {
  model_->set_found(search(session_, text));
  const Found& found = model_->found();
  count_->setText(text.trimmed().isEmpty() ? QString()
                                           : count_text(found.count) + QStringLiteral(" found"));
  std::vector<SliceRef> marked = found.slices;
  if (marked.size() > kMostMarked) marked.resize(kMostMarked);
  if (on_found) on_found(std::move(marked));
}

void SearchPanel::session_changed() { search_for(field_->text()); }

void SearchPanel::step(bool forward) {
  const SearchFrom from = where ? where() : SearchFrom{};
  const auto next = next_found(session_, model_->found().slices, from, forward);
  if (next && on_slice_chosen) on_slice_chosen(*next);
}

bool SearchPanel::eventFilter(QObject* watched, QEvent* event) {
  if (watched != field_ || event->type() != QEvent::KeyPress)
    return QWidget::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  if (key->key() != Qt::Key_Return && key->key() != Qt::Key_Enter)
    return QWidget::eventFilter(watched, event);
  step((key->modifiers() & Qt::ShiftModifier) == 0);
  return true;
}

}  // namespace mk::gui
