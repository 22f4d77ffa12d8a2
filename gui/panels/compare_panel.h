// The first trace against another: in words, as a table of errors, as a scatter of lengths. Filled
// only while it is seen, and in the background: comparing large traces takes its time.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/background.h"
#include "gui/model/error_table.h"
#include "gui/model/session.h"

class QComboBox;
class QLabel;

namespace mk::gui {

class ErrorModel;
class ScatterView;

class ComparePanel : public QWidget {
 public:
  // `background` outlives the panel.
  ComparePanel(Session& session, Background& background, QWidget* parent = nullptr);
  void session_changed();
  const ErrorModel& model() const { return *model_; }
  QString text() const;
  void choose(int by);  // 0: operator, 1: cause

  std::function<void(SliceRef)> on_slice_chosen{};

 protected:
  void showEvent(QShowEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Comparison {
    QString text{};
    std::vector<ErrorRow> by_operator{};
    std::vector<ErrorRow> by_cause{};
    std::vector<LengthPair> pairs{};
    std::vector<LegendEntry> entries{};
    QString first{};
    QString second{};
  };
  static Comparison compare(const Compared& pair);
  void fill();
  void say(const QString& text);
  void make_room_for_text();
  void show_comparison(Comparison comparison);
  void show_rows();

  Session& session_;
  Background& background_;
  Comparison shown_{};
  bool is_stale_ = true;
  QComboBox* by_ = nullptr;
  QComboBox* second_ = nullptr;
  QLabel* lines_ = nullptr;
  ErrorModel* model_ = nullptr;
  ScatterView* scatter_ = nullptr;
};

}  // namespace mk::gui
