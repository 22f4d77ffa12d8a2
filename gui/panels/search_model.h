// Found slices as a table that asks for names only of the rows in sight.
#pragma once

#include <QAbstractTableModel>

#include "gui/model/search.h"

namespace mk::gui {

class SearchModel : public QAbstractTableModel {
 public:
  explicit SearchModel(Session& session, QObject* parent = nullptr);

  void set_found(Found found);
  const Found& found() const { return found_; }
  SliceRef slice(int row) const { return found_.slices[static_cast<std::size_t>(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

 private:
  Session& session_;
  Found found_{};
};

}  // namespace mk::gui
