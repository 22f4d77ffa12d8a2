// What the totals of isolated linear bodies say about a body: of several sizes, so that no part of
// it is taken for another. (A rate from first chunk to last counts what had come before the first
// one could be used: 80 GB/s of an H100's bodies, where another 64 KiB take 1.0 us.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace mk::cuda {

// The sizes that microbench measures (bodies.cpp): columns, and KiB of weights. The largest are
// what tasks of few workers have.
inline constexpr std::array kFittedWidths = {1024U, 2048U, 4096U, 8192U};
inline constexpr std::array kFittedKib = {64U, 128U, 512U, 2048U};
// A second size of bodies that gate their input, which has twice as many columns: they alone read
// so much that it shows what that costs.
inline constexpr std::uint32_t kLongSiluIn = 8192;
inline constexpr std::uint32_t kLongSiluKib = 512;
// A size of bodies that all SMs run at once, plain and gated: what it costs then to read so much.
inline constexpr std::uint32_t kWideIn = 8192;
inline constexpr std::uint32_t kWideKib = 256;

// One token's linear body alone on its SM.
struct LinearTotal {
  std::uint32_t in = 0;   // columns, of 2 bytes
  std::uint32_t kib = 0;  // of weights
  double us = 0;
};

// us = constant + per_input x KiB of the input + bytes / rate, where of a last round of rows with
// fewer than `enough_warps` warps each streams at that share of the rate (core/row_deal.h). A rate
// each for rows of which a chunk holds two, or one, and for longer ones, which besides take
// `row_time` each: what a warp does for a chunk, and for a row, decides (an H100's: 64, 70, and 59
// and 63 GB/s of rows of two and four chunks).
struct LinearBodyFit {
  double constant = 0;   // us
  double per_input = 0;  // us a KiB
  double pair_rate = 0;  // GB/s; 0: no total has such rows
  double row_rate = 0;   // GB/s; 0: no total has such rows
  double rate = 0;       // GB/s, of longer rows; where no total has them the least of the others
  double row_time = 0;   // us; 0: as well as nothing, or all longer rows are of one length
  double enough_warps = 0;
};

// Least squares of relative errors; of several `enough_warps` that explain the totals alike the
// most. None iff there are no more totals than unknowns, or they say nothing that makes sense.
std::optional<LinearBodyFit> fit_linear_body(std::span<const LinearTotal> totals,
                                             std::uint32_t warps, std::uint32_t chunk_bytes);

// What the stream of such a body takes by that fit, in us: no constant, no input.
double stream_us(const LinearBodyFit& fit, const LinearTotal& total, std::uint32_t warps,
                 std::uint32_t chunk_bytes);

}  // namespace mk::cuda
