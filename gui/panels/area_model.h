// Tables of plain rows for Qt's views: the columns are functions of a row, sorting is by value.
#pragma once

#include <QAbstractTableModel>
#include <QVariant>
#include <functional>
#include <vector>

#include "gui/model/area_table.h"

namespace mk::gui {

class AreaModel : public QAbstractTableModel {
 public:
  using QAbstractTableModel::QAbstractTableModel;

  void set_rows(std::vector<AreaRow> rows);
  const std::vector<AreaRow>& rows() const { return rows_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

 private:
  std::vector<AreaRow> rows_{};
};

}  // namespace mk::gui
