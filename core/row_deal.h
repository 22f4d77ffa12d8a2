// How the CUDA backend's linear body of one token deals its task's rows of weights to its warps:
// the body (gpu_backend/cuda/bodies/linear.h) and the simulator, which has to know how long the
// last round lasts, both ask here. Also compiles for the device.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk {

// Rows go to the warps in turn, group by group: a group is two short rows or one, whatever number
// of chunks a row takes.
struct RowDeal {
  std::uint32_t rows = 0;
  std::uint32_t group_rows = 1;  // 2 where two rows fit into a chunk

  // `row` and `chunk` in the same unit.
  MK_HD static constexpr RowDeal of(std::uint32_t rows, std::uint32_t row, std::uint32_t chunk) {
    return {rows, 2 * row <= chunk ? 2U : 1U};
  }
  MK_HD constexpr std::uint32_t groups() const { return (rows + group_rows - 1) / group_rows; }
  // Groups of that warp, of `warps`.
  MK_HD constexpr std::uint32_t groups_of(std::uint32_t warp, std::uint32_t warps) const {
    const std::uint32_t all = groups();
    return all > warp ? (all - warp - 1) / warps + 1 : 0;
  }
  // Rows of the rounds in which each warp has a group, and warps that have one in the round after
  // these.
  MK_HD constexpr std::uint32_t rows_of_full_rounds(std::uint32_t warps) const {
    const std::uint32_t dealt = groups() / warps * warps * group_rows;
    return dealt < rows ? dealt : rows;
  }
  MK_HD constexpr std::uint32_t warps_of_last_round(std::uint32_t warps) const {
    return groups() % warps;
  }
  // Of a warp's ring, how many stages are filled for a task whose event is not active yet: what is
  // in flight stands in front of the inputs that come with the event (gpu_backend/cuda/README.md).
  static constexpr std::uint32_t kStagesAhead = 1;
};

}  // namespace mk
