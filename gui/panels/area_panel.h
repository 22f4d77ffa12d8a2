// The table of the selected area, with its copy as CSV.
#pragma once

#include <QWidget>

#include "gui/model/background.h"
#include "gui/panels/area_model.h"

class QLabel;
class QTableView;

namespace mk::gui {

class AreaPanel : public QWidget {
 public:
  // `background`, which sums up, outlives the panel.
  explicit AreaPanel(Background& background, QWidget* parent = nullptr);
  void show_area(Session& session, const Area& area);
  void show_nothing();
  void copy_csv() const;
  const AreaModel& model() const { return *model_; }

 private:
  Background& background_;
  QLabel* title_ = nullptr;
  QTableView* table_ = nullptr;
  AreaModel* model_ = nullptr;
};

// A table view as all panels have it: whole rows, sortable, fixed row heights.
QTableView* make_table(QAbstractItemModel* model, QWidget* parent);

}  // namespace mk::gui
