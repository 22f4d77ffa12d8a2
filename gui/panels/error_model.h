// The table of errors, by operator or by cause.
#pragma once

#include "gui/model/error_table.h"
#include "gui/panels/row_model.h"

namespace mk::gui {

class ErrorModel : public RowModel<ErrorRow> {
 public:
  explicit ErrorModel(QObject* parent = nullptr);
};

}  // namespace mk::gui
