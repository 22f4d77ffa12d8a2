// The first trace against another: in words, as a table of errors, as a scatter of lengths. Filled
// only while it is seen: matching large traces takes its time.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/session.h"

class QComboBox;
class QLabel;

namespace mk::gui {

class ErrorModel;
class ScatterView;

class ComparePanel : public QWidget {
 public:
  explicit ComparePanel(Session& session, QWidget* parent = nullptr);
  void session_changed();
  const ErrorModel& model() const { return *model_; }
  QString text() const;
  void choose(int by);  // 0: operator, 1: cause

  std::function<void(SliceRef)> on_slice_chosen{};

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void fill();

  Session& session_;
  bool is_stale_ = true;
  QComboBox* by_ = nullptr;
  QComboBox* second_ = nullptr;
  QLabel* lines_ = nullptr;
  ErrorModel* model_ = nullptr;
  ScatterView* scatter_ = nullptr;
};

}  // namespace mk::gui
