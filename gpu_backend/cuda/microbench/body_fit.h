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

// One token's linear body alone on its SM.
struct LinearTotal {
  std::uint32_t in = 0;   // columns, of 2 bytes
  std::uint32_t kib = 0;  // of weights
  double us = 0;
};

// us = constant + per_input x KiB of the input + bytes / rate, where of a last round of rows with
// fewer than `enough_warps` warps each streams at that share of the rate (core/row_deal.h).
struct LinearBodyFit {
  double constant = 0;   // us
  double per_input = 0;  // us a KiB
  double rate = 0;       // GB/s
  double enough_warps = 0;
};

// Least squares of relative errors; of several `enough_warps` that explain the totals alike the
// most. None iff there are fewer than four totals, or they say nothing that makes sense.
std::optional<LinearBodyFit> fit_linear_body(std::span<const LinearTotal> totals,
                                             std::uint32_t warps, std::uint32_t chunk_bytes);

}  // namespace mk::cuda
