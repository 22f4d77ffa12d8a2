#include "gui/panels/area_model.h"

#include <QColor>
#include <array>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

using Column = RowColumn<AreaRow>;

// Means nothing where there is no slice.
QString statistic(const AreaRow& row, double time) {
  return row.count == 0 ? QString() : duration_text(time);
}

constexpr std::array kColumns = {
    Column{"trace", [](const AreaRow& r) { return r.trace; }, nullptr},
    Column{"operator", [](const AreaRow& r) { return r.name; }, nullptr},
    Column{"count", [](const AreaRow& r) { return count_text(r.count); },
           [](const AreaRow& r) { return static_cast<double>(r.count); }},
    Column{"total", [](const AreaRow& r) { return duration_text(r.total); },
           [](const AreaRow& r) { return r.total; }},
    Column{"share", [](const AreaRow& r) { return percent_text(r.share); },
           [](const AreaRow& r) { return r.share; }},
    Column{"mean", [](const AreaRow& r) { return statistic(r, r.mean); },
           [](const AreaRow& r) { return r.mean; }},
    Column{"min", [](const AreaRow& r) { return statistic(r, r.min); },
           [](const AreaRow& r) { return r.min; }},
    Column{"p50", [](const AreaRow& r) { return statistic(r, r.p50); },
           [](const AreaRow& r) { return r.p50; }},
    Column{"p95", [](const AreaRow& r) { return statistic(r, r.p95); },
           [](const AreaRow& r) { return r.p95; }},
    Column{"max", [](const AreaRow& r) { return statistic(r, r.max); },
           [](const AreaRow& r) { return r.max; }},
};

}  // namespace

AreaModel::AreaModel(QObject* parent) : RowModel(kColumns, parent) {}

QVariant AreaModel::data(const QModelIndex& index, int role) const {
  if (role == Qt::DecorationRole && index.isValid() && index.column() == 1 &&
      row_at(index).colour != 0)
    return QColor(row_at(index).colour);
  return RowModel::data(index, role);
}

}  // namespace mk::gui
