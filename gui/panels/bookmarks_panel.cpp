#include "gui/panels/bookmarks_panel.h"

#include <QListWidget>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>

namespace mk::gui {

BookmarksPanel::BookmarksPanel(QWidget* parent) : QWidget(parent) {
  list_ = new QListWidget(this);
  auto* remove_button = new QPushButton(QStringLiteral("Delete"), this);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addWidget(list_);
  layout->addWidget(remove_button);
  connect(remove_button, &QPushButton::clicked, this, [this] { remove(list_->currentRow()); });
  connect(list_, &QListWidget::itemChanged, this,
          [this](QListWidgetItem* item) { rename(list_->row(item), item->text()); });
  connect(list_, &QListWidget::itemActivated, this, [this](QListWidgetItem* item) {
    if (on_chosen) on_chosen(bookmarks_[static_cast<std::size_t>(list_->row(item))]);
  });
}

void BookmarksPanel::fill() {
  const QSignalBlocker blocker(list_);
  list_->clear();
  for (const Bookmark& bookmark : bookmarks_) {
    auto* item = new QListWidgetItem(bookmark.name, list_);
    item->setFlags(item->flags() | Qt::ItemIsEditable);
  }
}

void BookmarksPanel::set_bookmarks(std::vector<Bookmark> bookmarks) {
  bookmarks_ = std::move(bookmarks);
  fill();
}

void BookmarksPanel::add(double time) {
  const auto at = std::find_if(bookmarks_.begin(), bookmarks_.end(),
                               [time](const Bookmark& b) { return b.time > time; });
  bookmarks_.insert(at, {time, QStringLiteral("mark %1").arg(bookmarks_.size() + 1)});
  fill();
  if (on_changed) on_changed();
}

void BookmarksPanel::rename(int row, const QString& name) {
  if (row < 0 || row >= static_cast<int>(bookmarks_.size())) return;
  bookmarks_[static_cast<std::size_t>(row)].name = name;
  if (on_changed) on_changed();
}

void BookmarksPanel::remove(int row) {
  if (row < 0 || row >= static_cast<int>(bookmarks_.size())) return;
  bookmarks_.erase(bookmarks_.begin() + row);
  fill();
  if (on_changed) on_changed();
}

}  // namespace mk::gui
