// How the CUDA backend's linear body of one token deals its task's rows of weights to its warps:
// the body (gpu_backend/cuda/bodies/linear.h) and the simulator, which has to know how long the
// last round lasts, both ask here. Also compiles for the device.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk {

// Bytes of a static list's next task that are under way at once, over all warps, while its event is
// not active. What is under way stands in front of whatever the block wants of the memory next, and
// that is what all others wait for: the writes and the arrival of the task before, then this one's
// input. An H100 gives 23 bytes/ns to each of 132 SMs 0.8 us after they were asked for: 19 KB. Seen
// there, us an iteration with 4, 6, 7, 9 chunks of 4 KB under way: Llama-3.2-1B 1006, 985, 984,
// 987, Qwen3-0.6B 759, 750, 766, 803 (gpu_backend/cuda/README.md).
inline constexpr std::uint32_t kBytesUnderWay = 24 << 10;

// Chunks of `chunk` bytes that are under way then.
MK_HD constexpr std::uint32_t chunks_under_way(std::uint32_t chunk) {
  return chunk < kBytesUnderWay ? kBytesUnderWay / chunk : 1;
}

// What decides how fast a warp takes a chunk (core/machine.h: pair_limit, row_limit, row_time).
enum class RowLength : std::uint32_t {
  kPair,    // a chunk holds two rows
  kSingle,  // or one
  kLonger,  // a row takes several chunks
};
inline constexpr std::uint32_t kRowLengthCount = 3;

// Rows go to the warps in turn, group by group: a group is two short rows or one, whatever number
// of chunks a row takes. Of a gated linear a warp gets pairs of rows: where a group is one row, two
// groups at each turn.
struct RowDeal {
  std::uint32_t rows = 0;
  std::uint32_t group_rows = 1;   // 2 where two rows fit into a chunk
  std::uint32_t panels = 1;       // chunks of a group
  std::uint32_t turn_groups = 1;  // 2 only of an even number of rows

  // `row` and `chunk` in the same unit. Requires: an even number of rows where they are gated.
  MK_HD static constexpr RowDeal of(std::uint32_t rows, std::uint32_t row, std::uint32_t chunk,
                                    bool gated = false) {
    const bool is_short = 2 * row <= chunk;
    return {rows, is_short ? 2U : 1U, (row + chunk - 1) / chunk, gated && !is_short ? 2U : 1U};
  }
  MK_HD constexpr RowLength length() const {
    if (group_rows > 1) return RowLength::kPair;
    return panels == 1 ? RowLength::kSingle : RowLength::kLonger;
  }
  MK_HD constexpr std::uint32_t groups() const { return (rows + group_rows - 1) / group_rows; }
  // Of all warps, one after the other.
  MK_HD constexpr std::uint32_t turns() const { return groups() / turn_groups; }
  // Groups of that warp, of `warps`.
  MK_HD constexpr std::uint32_t groups_of(std::uint32_t warp, std::uint32_t warps) const {
    const std::uint32_t all = turns();
    return all > warp ? ((all - warp - 1) / warps + 1) * turn_groups : 0;
  }
  // The first row of that warp's group number `group`.
  MK_HD constexpr std::uint32_t row_of(std::uint32_t group, std::uint32_t warp,
                                       std::uint32_t warps) const {
    const std::uint32_t of_turn = turn_groups - 1;  // 0 or 1: as shift and as mask
    const std::uint32_t turn = (group >> of_turn) * warps + warp;
    return ((turn << of_turn) + (group & of_turn)) * group_rows;
  }
  // Rows of the rounds in which each warp has a group, and warps that have one in the round after
  // these.
  MK_HD constexpr std::uint32_t rows_of_full_rounds(std::uint32_t warps) const {
    const std::uint32_t dealt = turns() / warps * warps * turn_groups * group_rows;
    return dealt < rows ? dealt : rows;
  }
  MK_HD constexpr std::uint32_t warps_of_last_round(std::uint32_t warps) const {
    return turns() % warps;
  }
  // Of a warp's ring of `stages` chunks, how many are filled for a task whose event is not active
  // yet. What is in flight stands in front of the inputs that come with the event, so one; but two
  // of a task that fills the ring more than once: with one the memory would have nothing to do
  // until these are there (gpu_backend/cuda/README.md).
  MK_HD constexpr std::uint32_t stages_ahead(std::uint32_t warps, std::uint32_t stages) const {
    return groups_of(0, warps) * panels > stages ? 2 : 1;
  }
};

}  // namespace mk
