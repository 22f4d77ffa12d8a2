#include "gui/timeline/scene.h"

#include <algorithm>

namespace mk::gui {

const Row* Scene::row_of(LaneRef lane) const {
  for (const Row& row : rows) {
    if (row.kind == RowKind::kLanes &&
        std::find(row.lanes.begin(), row.lanes.end(), lane) != row.lanes.end())
      return &row;
  }
  return nullptr;
}

Scene::Extent Scene::extent_of(const Row& row, LaneRef lane) const {
  if (is_side_by_side || row.lanes.size() < 2) return {row.y, row.height};
  const auto count = static_cast<int>(row.lanes.size());
  const auto at =
      static_cast<int>(std::find(row.lanes.begin(), row.lanes.end(), lane) - row.lanes.begin());
  const int top = row.height * at / count;
  return {row.y + top, row.height * (at + 1) / count - top};
}

}  // namespace mk::gui
