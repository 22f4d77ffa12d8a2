// The table of errors, by operator or by cause.
#pragma once

#include <QAbstractTableModel>

#include "gui/model/error_table.h"

namespace mk::gui {

class ErrorModel : public QAbstractTableModel {
 public:
  using QAbstractTableModel::QAbstractTableModel;

  void set_rows(std::vector<ErrorRow> rows);
  const std::vector<ErrorRow>& rows() const { return rows_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

 private:
  std::vector<ErrorRow> rows_{};
};

}  // namespace mk::gui
