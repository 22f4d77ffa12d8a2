// A table of texts: what a query gave.
#pragma once

#include <QAbstractTableModel>

#include "traces/query.h"

namespace mk::gui {

class TextModel : public QAbstractTableModel {
 public:
  using QAbstractTableModel::QAbstractTableModel;

  void set_table(QueryTable table);
  const QueryTable& table() const { return table_; }
  QString csv() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  // Numbers by value, others by text, NULL first.
  void sort(int column, Qt::SortOrder order) override;

 private:
  QueryTable table_{};
};

}  // namespace mk::gui
