// The bookmarks of the first trace: a list to rename in, to go to, to delete from.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

#include "gui/model/bookmarks.h"

class QListWidget;

namespace mk::gui {

class BookmarksPanel : public QWidget {
 public:
  explicit BookmarksPanel(QWidget* parent = nullptr);
  void set_bookmarks(std::vector<Bookmark> bookmarks);
  const std::vector<Bookmark>& bookmarks() const { return bookmarks_; }
  // Named "mark N" until the person names it.
  void add(double time);
  void rename(int row, const QString& name);
  void remove(int row);

  std::function<void()> on_changed{};  // by the person
  std::function<void(const Bookmark&)> on_chosen{};

 private:
  void fill();

  std::vector<Bookmark> bookmarks_{};  // by time
  QListWidget* list_ = nullptr;
};

}  // namespace mk::gui
