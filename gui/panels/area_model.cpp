#include "gui/panels/area_model.h"

#include <QColor>
#include <algorithm>
#include <array>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

struct Column {
  const char* title;
  QString (*text)(const AreaRow&);
  double (*value)(const AreaRow&);  // null: sorts by text
};

constexpr std::array kColumns = {
    Column{"trace", [](const AreaRow& r) { return r.trace; }, nullptr},
    Column{"operator", [](const AreaRow& r) { return r.name; }, nullptr},
    Column{"count", [](const AreaRow& r) { return count_text(r.count); },
           [](const AreaRow& r) { return static_cast<double>(r.count); }},
    Column{"total", [](const AreaRow& r) { return duration_text(r.total); },
           [](const AreaRow& r) { return r.total; }},
    Column{"share", [](const AreaRow& r) { return percent_text(r.share); },
           [](const AreaRow& r) { return r.share; }},
    Column{"mean", [](const AreaRow& r) { return duration_text(r.mean); },
           [](const AreaRow& r) { return r.mean; }},
    Column{"min", [](const AreaRow& r) { return duration_text(r.min); },
           [](const AreaRow& r) { return r.min; }},
    Column{"p50", [](const AreaRow& r) { return duration_text(r.p50); },
           [](const AreaRow& r) { return r.p50; }},
    Column{"p95", [](const AreaRow& r) { return duration_text(r.p95); },
           [](const AreaRow& r) { return r.p95; }},
    Column{"max", [](const AreaRow& r) { return duration_text(r.max); },
           [](const AreaRow& r) { return r.max; }},
};

constexpr int kFirstStatistic = 5;  // mean .. max mean nothing where there is no slice

}  // namespace

void AreaModel::set_rows(std::vector<AreaRow> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

int AreaModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int AreaModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(kColumns.size());
}

QVariant AreaModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const AreaRow& row = rows_[static_cast<std::size_t>(index.row())];
  const Column& column = kColumns[static_cast<std::size_t>(index.column())];
  if (role == Qt::DisplayRole)
    return row.count == 0 && index.column() >= kFirstStatistic ? QString() : column.text(row);
  if (role == Qt::DecorationRole && index.column() == 1 && row.colour != 0)
    return QColor(row.colour);
  if (role == Qt::TextAlignmentRole && column.value != nullptr)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  return {};
}

QVariant AreaModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section < 0 ||
      section >= columnCount())
    return {};
  return QString::fromUtf8(kColumns[static_cast<std::size_t>(section)].title);
}

void AreaModel::sort(int column, Qt::SortOrder order) {
  if (column < 0 || column >= columnCount()) return;
  const Column& by = kColumns[static_cast<std::size_t>(column)];
  emit layoutAboutToBeChanged();
  std::stable_sort(rows_.begin(), rows_.end(), [&](const AreaRow& a, const AreaRow& b) {
    const AreaRow& x = order == Qt::AscendingOrder ? a : b;
    const AreaRow& y = order == Qt::AscendingOrder ? b : a;
    return by.value != nullptr ? by.value(x) < by.value(y) : by.text(x) < by.text(y);
  });
  emit layoutChanged();
}

}  // namespace mk::gui
