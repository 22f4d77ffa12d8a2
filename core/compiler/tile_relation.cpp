#include "core/compiler/tile_relation.h"

#include <algorithm>

namespace mk::compiler {
namespace {

SharedCut shared_cut(const Operator& from, const DimCut& from_cut, const Operator& to,
                     const DimCut& to_cut, std::int64_t extent) {
  SharedCut shared{from_cut.axis, to_cut.axis, {}};
  const std::uint32_t from_parts = from.grid.extent[from_cut.axis];
  const std::uint32_t to_parts = to.grid.extent[to_cut.axis];
  shared.overlap.reserve(to_parts);
  std::uint32_t first = 0;
  for (std::uint32_t c = 0; c < to_parts; ++c) {
    const PartRange wanted = part_range(extent, to_cut.granule, c, to_parts);
    while (first < from_parts &&
           part_range(extent, from_cut.granule, first, from_parts).end <= wanted.begin)
      ++first;
    std::uint32_t end = first;
    while (end < from_parts &&
           part_range(extent, from_cut.granule, end, from_parts).begin < wanted.end)
      ++end;
    shared.overlap.push_back({first, end});
  }
  return shared;
}

}  // namespace

bool TileBox::empty() const {
  return std::any_of(axis.begin(), axis.end(), [](Interval i) { return i.begin >= i.end; });
}

std::uint64_t TileBox::tiles() const {
  if (empty()) return 0;
  std::uint64_t product = 1;
  for (const Interval& i : axis) product *= i.end - i.begin;
  return product;
}

TileRelation::TileRelation(const Operator& from, const Access& from_access, const Operator& to,
                           const Access& to_access, const Tensor& tensor)
    : from_(from.grid), to_(to.grid) {
  for (std::size_t d = 0; d < kMaxRank; ++d) {
    const DimCut& a = from_access.cut[d];
    const DimCut& b = to_access.cut[d];
    if (a.rule == DimCut::Rule::kEven && b.rule == DimCut::Rule::kEven)
      shared_.push_back(shared_cut(from, a, to, b, tensor.shape.extent[d]));
  }
}

TileBox TileRelation::overlapping(std::uint32_t to_tile) const {
  TileBox box;
  for (std::size_t a = 0; a < 3; ++a) box.axis[a] = {0, from_.extent[a]};
  const auto at = to_.coordinate(to_tile);
  for (const SharedCut& cut : shared_) {
    const Interval& overlap = cut.overlap[at[cut.to_axis]];
    Interval& axis = box.axis[cut.from_axis];
    axis = {std::max(axis.begin, overlap.begin), std::min(axis.end, overlap.end)};
  }
  return box;
}

bool TileRelation::complete() const {
  return std::all_of(shared_.begin(), shared_.end(), [&](const SharedCut& cut) {
    return std::all_of(cut.overlap.begin(), cut.overlap.end(), [&](const Interval& i) {
      return i.begin == 0 && i.end == from_.extent[cut.from_axis];
    });
  });
}

}  // namespace mk::compiler
