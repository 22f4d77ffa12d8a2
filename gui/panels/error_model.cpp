#include "gui/panels/error_model.h"

#include <algorithm>
#include <array>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

struct Column {
  const char* title;
  QString (*text)(const ErrorRow&);
  double (*value)(const ErrorRow&);  // null: sorts by text
};

QString per_task(const ErrorRow& row, const QString& text) {
  return row.count == 0 ? QString() : text;
}

constexpr std::array kColumns = {
    Column{"", [](const ErrorRow& r) { return r.name; }, nullptr},
    Column{"tasks", [](const ErrorRow& r) { return per_task(r, count_text(r.count)); },
           [](const ErrorRow& r) { return static_cast<double>(r.count); }},
    Column{"first", [](const ErrorRow& r) { return duration_text(r.first); },
           [](const ErrorRow& r) { return r.first; }},
    Column{"second", [](const ErrorRow& r) { return duration_text(r.second); },
           [](const ErrorRow& r) { return r.second; }},
    Column{"error", [](const ErrorRow& r) { return percent_text(r.error()); },
           [](const ErrorRow& r) { return r.error(); }},
    Column{"second − first", [](const ErrorRow& r) { return duration_text(r.excess); },
           [](const ErrorRow& r) { return r.excess; }},
    Column{"task error p50",
           [](const ErrorRow& r) { return per_task(r, percent_text(r.error_p50)); },
           [](const ErrorRow& r) { return r.error_p50; }},
    Column{"p95", [](const ErrorRow& r) { return per_task(r, percent_text(r.error_p95)); },
           [](const ErrorRow& r) { return r.error_p95; }},
    Column{"starts later, p50",
           [](const ErrorRow& r) { return per_task(r, duration_text(r.later_p50)); },
           [](const ErrorRow& r) { return r.later_p50; }},
};

}  // namespace

void ErrorModel::set_rows(std::vector<ErrorRow> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

int ErrorModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int ErrorModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(kColumns.size());
}

QVariant ErrorModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Column& column = kColumns[static_cast<std::size_t>(index.column())];
  if (role == Qt::DisplayRole) return column.text(rows_[static_cast<std::size_t>(index.row())]);
  if (role == Qt::TextAlignmentRole && column.value != nullptr)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  return {};
}

QVariant ErrorModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section < 0 ||
      section >= columnCount())
    return {};
  return QString::fromUtf8(kColumns[static_cast<std::size_t>(section)].title);
}

void ErrorModel::sort(int column, Qt::SortOrder order) {
  if (column < 0 || column >= columnCount()) return;
  const Column& by = kColumns[static_cast<std::size_t>(column)];
  emit layoutAboutToBeChanged();
  std::stable_sort(rows_.begin(), rows_.end(), [&](const ErrorRow& a, const ErrorRow& b) {
    const ErrorRow& x = order == Qt::AscendingOrder ? a : b;
    const ErrorRow& y = order == Qt::AscendingOrder ? b : a;
    return by.value != nullptr ? by.value(x) < by.value(y) : by.text(x) < by.text(y);
  });
  emit layoutChanged();
}

}  // namespace mk::gui
