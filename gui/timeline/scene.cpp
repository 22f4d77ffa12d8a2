#include "gui/timeline/scene.h"

#include <algorithm>

namespace mk::gui {

std::bitset<kMaxCategories> used_categories(const Bands& bands) {
  std::bitset<kMaxCategories> used;
  for (const std::uint8_t category : bands.category) used.set(category);
  return used;
}

const Row* Scene::row_of(LaneRef lane) const {
  if (lane.trace >= row_index.size() || lane.lane >= row_index[lane.trace].size()) return nullptr;
  const std::uint32_t row = row_index[lane.trace][lane.lane];
  return row == kNoIndex ? nullptr : &rows[row];
}

void Scene::index_rows() {
  row_index.assign(traces.size(), {});
  for (std::size_t t = 0; t < traces.size(); ++t)
    row_index[t].assign(traces[t].layer->bands.lanes(), kNoIndex);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const LaneRef lane : rows[r].lanes)
      row_index[lane.trace][lane.lane] = static_cast<std::uint32_t>(r);
  }
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
