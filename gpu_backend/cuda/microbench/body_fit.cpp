#include "gpu_backend/cuda/microbench/body_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/row_deal.h"

namespace mk::cuda {
namespace {

constexpr std::size_t kUnknowns = 3;
using Row = std::array<double, kUnknowns>;

// Bytes, those of the last round as many more as its warps are too few.
double effective_bytes(const LinearTotal& total, std::uint32_t warps, std::uint32_t chunk_bytes,
                       std::uint32_t enough) {
  const std::uint32_t row_bytes = 2 * total.in;
  const std::uint32_t rows = total.kib * 1024 / row_bytes;
  const RowDeal deal = RowDeal::of(rows, row_bytes, chunk_bytes);
  const double full = deal.rows_of_full_rounds(warps);
  const std::uint32_t last = deal.warps_of_last_round(warps);
  const double slowness = last > 0 ? std::max(1.0, static_cast<double>(enough) / last) : 1.0;
  return (full + (rows - full) * slowness) * row_bytes;
}

// The solution of the normal equations, by elimination with pivots; none iff there is not one.
std::optional<Row> solve(std::array<std::array<double, kUnknowns + 1>, kUnknowns> m) {
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    std::size_t pivot = i;
    for (std::size_t k = i; k < kUnknowns; ++k) {
      if (std::abs(m[k][i]) > std::abs(m[pivot][i])) pivot = k;
    }
    std::swap(m[i], m[pivot]);
    if (std::abs(m[i][i]) < 1e-12) return std::nullopt;
    for (std::size_t k = 0; k < kUnknowns; ++k) {
      if (k == i) continue;
      const double factor = m[k][i] / m[i][i];
      for (std::size_t j = 0; j <= kUnknowns; ++j) m[k][j] -= factor * m[i][j];
    }
  }
  return Row{m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]};
}

struct Candidate {
  LinearBodyFit fit{};
  double error = 0;  // sum of squares
};

// MB and KiB, so that the three unknowns are of one size.
std::optional<Candidate> fit_with(std::span<const LinearTotal> totals, std::uint32_t warps,
                                  std::uint32_t chunk_bytes, std::uint32_t enough) {
  const auto row_of = [&](const LinearTotal& t) {
    return Row{1 / t.us, t.in * 4.0 / 1024 / t.us,
               effective_bytes(t, warps, chunk_bytes, enough) * 1e-6 / t.us};
  };
  std::array<std::array<double, kUnknowns + 1>, kUnknowns> normal{};
  for (const LinearTotal& t : totals) {
    const Row row = row_of(t);
    for (std::size_t i = 0; i < kUnknowns; ++i) {
      for (std::size_t j = 0; j < kUnknowns; ++j) normal[i][j] += row[i] * row[j];
      normal[i][kUnknowns] += row[i];
    }
  }
  const std::optional<Row> x = solve(normal);
  if (!x || (*x)[0] < 0 || (*x)[1] < 0 || (*x)[2] <= 0) return std::nullopt;
  Candidate found{{(*x)[0], (*x)[1], 1e3 / (*x)[2], static_cast<double>(enough)}, 0};
  for (const LinearTotal& t : totals) {
    const Row row = row_of(t);
    const double off = row[0] * (*x)[0] + row[1] * (*x)[1] + row[2] * (*x)[2] - 1;
    found.error += off * off;
  }
  return found;
}

}  // namespace

std::optional<LinearBodyFit> fit_linear_body(std::span<const LinearTotal> totals,
                                             std::uint32_t warps, std::uint32_t chunk_bytes) {
  if (totals.size() <= kUnknowns || warps == 0) return std::nullopt;
  // What explains as well as the best to a ten-thousandth, of a mean total.
  const double alike = static_cast<double>(totals.size()) * 1e-8;
  std::optional<Candidate> best;
  for (std::uint32_t enough = 1; enough <= warps; ++enough) {
    const auto found = fit_with(totals, warps, chunk_bytes, enough);
    if (found && (!best || found->error <= best->error + alike)) best = found;
  }
  if (!best) return std::nullopt;
  return best->fit;
}

}  // namespace mk::cuda
