#include "core/operator.h"

#include "core/check.h"

namespace mk {

PartRange part_range(std::int64_t extent, std::int64_t granule, std::uint32_t part,
                     std::uint32_t parts) {
  MK_DCHECK(part < parts && granule >= 1, "a part of an extent");
  const std::int64_t granules = (extent + granule - 1) / granule;
  const std::int64_t begin = granules * part / parts * granule;
  const std::int64_t end = granules * (std::int64_t{part} + 1) / parts * granule;
  return {begin < extent ? begin : extent, end < extent ? end : extent};
}

Region region_of(const Operator& op, const Access& access, const Tensor& tensor,
                 std::uint32_t tile) {
  MK_DCHECK(tile < op.grid.tiles(), "a tile of the operator's grid");
  const auto at = op.grid.coordinate(tile);
  Region region{access.tensor, access.mode};
  for (std::size_t d = 0; d < kMaxRank; ++d) {
    const DimCut& cut = access.cut[d];
    region.end[d] = tensor.shape.extent[d];
    if (cut.rule != DimCut::Rule::kEven) continue;
    const PartRange range =
        part_range(tensor.shape.extent[d], cut.granule, at[cut.axis], op.grid.extent[cut.axis]);
    region.begin[d] = range.begin;
    region.end[d] = range.end;
  }
  return region;
}

}  // namespace mk
