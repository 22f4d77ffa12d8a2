// How a row of a bf16 matrix lies in the host's memory: so that two elements, 16 apart, share a
// 32-bit word, the earlier one in its lower half.
//
// Whole vectors of words then become two vectors of floats by one shift and one mask, with no
// widening, and the floats stand in the order of the input: half the instructions of the linear
// kernel's loop. Only whole blocks of 32 elements are paired; the rest of a row stays as it is.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace mk {

inline constexpr std::int64_t kPairedBlock = 32;

// Where element i of a row stands. Requires: 0 <= i < row_length.
[[gnu::always_inline]] constexpr std::int64_t paired_position(std::int64_t i,
                                                              std::int64_t row_length) {
  const std::int64_t block = i / kPairedBlock * kPairedBlock;
  if (block + kPairedBlock > row_length) return i;
  const std::int64_t within = i - block;
  const std::int64_t half = kPairedBlock / 2;
  return block + (within < half ? 2 * within : 2 * (within - half) + 1);
}

// Brings a row from its natural order into the paired one.
template <typename T>
void pair_row(T* row, std::int64_t row_length) {
  std::array<T, kPairedBlock> block;
  for (std::int64_t at = 0; at + kPairedBlock <= row_length; at += kPairedBlock) {
    std::copy_n(row + at, kPairedBlock, block.begin());
    for (std::int64_t i = 0; i < kPairedBlock; ++i) {
      row[paired_position(at + i, row_length)] = block[static_cast<std::size_t>(i)];
    }
  }
}

}  // namespace mk
