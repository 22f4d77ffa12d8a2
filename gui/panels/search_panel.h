// Search: `/` puts the cursor here, Enter and Shift+Enter go through what was found.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/panels/search_model.h"

class QLabel;
class QLineEdit;
class QTableView;

namespace mk::gui {

class SearchPanel : public QWidget {
 public:
  explicit SearchPanel(Session& session, QWidget* parent = nullptr);
  void focus_field();
  void search_for(const QString& text);
  void session_changed();
  const SearchModel& model() const { return *model_; }
  QLineEdit& field() { return *field_; }

  std::function<void(SliceRef)> on_slice_chosen{};
  std::function<void(std::vector<SliceRef>)> on_found{};  // those to be marked
  std::function<SearchFrom()> where{};                    // where the person is

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void step(bool forward);

  Session& session_;
  QLineEdit* field_ = nullptr;
  QLabel* count_ = nullptr;
  QTableView* table_ = nullptr;
  SearchModel* model_ = nullptr;
};

}  // namespace mk::gui
