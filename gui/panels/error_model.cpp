#include "gui/panels/error_model.h"

#include <array>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

using Column = RowColumn<ErrorRow>;

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

ErrorModel::ErrorModel(QObject* parent) : RowModel(kColumns, parent) {}

}  // namespace mk::gui
