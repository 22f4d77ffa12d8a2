// Plain rows as a table for Qt's views: a column is a function of a row, and sorts by value.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <QVariant>
#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace mk::gui {

template <typename Row>
struct RowColumn {
  const char* title;
  QString (*text)(const Row&);
  double (*value)(const Row&);  // null: sorts by text
};

template <typename Row>
class RowModel : public QAbstractTableModel {
 public:
  // `columns` outlive the model.
  explicit RowModel(std::span<const RowColumn<Row>> columns, QObject* parent = nullptr)
      : QAbstractTableModel(parent), columns_(columns) {}

  void set_rows(std::vector<Row> rows) {
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
  }
  const std::vector<Row>& rows() const { return rows_; }

  int rowCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
  }

  int columnCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(columns_.size());
  }

  QVariant data(const QModelIndex& index, int role) const override {
    if (!index.isValid()) return {};
    const RowColumn<Row>& column = columns_[static_cast<std::size_t>(index.column())];
    if (role == Qt::DisplayRole) return column.text(row_at(index));
    if (role == Qt::TextAlignmentRole && column.value != nullptr)
      return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    return {};
  }

  QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section < 0 ||
        section >= columnCount())
      return {};
    return QString::fromUtf8(columns_[static_cast<std::size_t>(section)].title);
  }

  void sort(int column, Qt::SortOrder order) override {
    if (column < 0 || column >= columnCount()) return;
    const RowColumn<Row>& by = columns_[static_cast<std::size_t>(column)];
    emit layoutAboutToBeChanged();
    std::stable_sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
      const Row& x = order == Qt::AscendingOrder ? a : b;
      const Row& y = order == Qt::AscendingOrder ? b : a;
      return by.value != nullptr ? by.value(x) < by.value(y) : by.text(x) < by.text(y);
    });
    emit layoutChanged();
  }

 protected:
  const Row& row_at(const QModelIndex& index) const {
    return rows_[static_cast<std::size_t>(index.row())];
  }

 private:
  std::span<const RowColumn<Row>> columns_;
  std::vector<Row> rows_{};
};

}  // namespace mk::gui
