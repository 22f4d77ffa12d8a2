// A row of a sweep as JSON and CSV have it: axes and measures by name, in order.
#pragma once

#include <nlohmann/json.hpp>

#include "traces/sweep_record.h"

namespace mk {

nlohmann::ordered_json axis_json(const SweepPoint& point, const SweepAxis& axis);

// A row without a prediction has `refused` instead of measures.
nlohmann::ordered_json row_json(const SweepRow& row);

}  // namespace mk
