// The table of an area, by operator.
#pragma once

#include "gui/model/area_table.h"
#include "gui/panels/row_model.h"

namespace mk::gui {

class AreaModel : public RowModel<AreaRow> {
 public:
  explicit AreaModel(QObject* parent = nullptr);

  // With the operator's colour.
  QVariant data(const QModelIndex& index, int role) const override;
};

}  // namespace mk::gui
