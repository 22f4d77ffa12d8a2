#include "experiments/sweep/row_json.h"

#include <string>

namespace mk {

using Json = nlohmann::ordered_json;

Json axis_json(const SweepPoint& point, const SweepAxis& axis) {
  return axis.text != nullptr ? Json(point.*axis.text) : Json(point.*axis.number);
}

Json row_json(const SweepRow& row) {
  Json json = Json::object();
  for (const SweepAxis& axis : kSweepAxes)
    json[std::string(axis.name)] = axis_json(row.point, axis);
  if (!row.result.refused.empty()) {
    json["refused"] = row.result.refused;
    return json;
  }
  for (const SweepMeasure& measure : kSweepMeasures) {
    json[std::string(measure.name)] =
        measure.real != nullptr ? Json(row.result.*measure.real) : Json(row.result.*measure.whole);
  }
  return json;
}

}  // namespace mk
