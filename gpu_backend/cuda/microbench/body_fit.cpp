#include "gpu_backend/cuda/microbench/body_fit.h"

#include <Eigen/QR>
#include <algorithm>
#include <array>

#include "core/row_deal.h"

namespace mk::cuda {
namespace {

std::size_t index_of(RowLength length) { return static_cast<std::size_t>(length); }

RowDeal deal_of(const LinearTotal& total, std::uint32_t chunk_bytes) {
  const std::uint32_t row_bytes = 2 * total.in;
  return RowDeal::of(total.kib * 1024 / row_bytes, row_bytes, chunk_bytes);
}

RowLength length_of(const LinearTotal& total, std::uint32_t chunk_bytes) {
  return deal_of(total, chunk_bytes).length();
}

// Bytes, those of the last round as many more as its warps are too few.
double effective_bytes(const LinearTotal& total, std::uint32_t warps, std::uint32_t chunk_bytes,
                       std::uint32_t enough) {
  const RowDeal deal = deal_of(total, chunk_bytes);
  const double full = deal.rows_of_full_rounds(warps);
  const std::uint32_t last = deal.warps_of_last_round(warps);
  const double slowness = last > 0 ? std::max(1.0, static_cast<double>(enough) / last) : 1.0;
  return (full + (deal.rows - full) * slowness) * 2 * total.in;
}

struct Candidate {
  LinearBodyFit fit{};
  double error = 0;  // sum of squares
};

// Which column of the equations is whose: 0 the constant's, 1 the input's, then one for each class
// of rows that there is.
struct Columns {
  std::array<Eigen::Index, kRowLengthCount> of_rows{};  // 0: no total has such rows
  Eigen::Index row_time = 0;                            // 0: left out
  Eigen::Index count = 2;

  Columns(std::span<const LinearTotal> totals, std::uint32_t chunk_bytes, bool with_row_time) {
    for (const LinearTotal& t : totals) {
      Eigen::Index& column = of_rows[index_of(length_of(t, chunk_bytes))];
      if (column == 0) column = count++;
    }
    if (with_row_time && of(RowLength::kLonger) > 0) row_time = count++;
  }
  Eigen::Index of(RowLength length) const { return of_rows[index_of(length)]; }
};

struct Equations {
  std::span<const LinearTotal> totals{};
  std::uint32_t warps = 0;
  std::uint32_t chunk_bytes = 0;
  std::uint32_t enough = 0;

  // What each unknown has to do with each total, which is 1. MB, KiB and 100 rows, so that the
  // unknowns are of one size.
  Eigen::MatrixXd shares(const Columns& columns) const {
    const auto count = static_cast<Eigen::Index>(totals.size());
    Eigen::MatrixXd m = Eigen::MatrixXd::Zero(count, columns.count);
    for (Eigen::Index i = 0; i < count; ++i) {
      const LinearTotal& t = totals[static_cast<std::size_t>(i)];
      const RowLength length = length_of(t, chunk_bytes);
      const double bytes = effective_bytes(t, warps, chunk_bytes, enough);
      m(i, 0) = 1 / t.us;
      m(i, 1) = t.in * 4.0 / 1024 / t.us;
      m(i, columns.of(length)) = bytes * 1e-6 / t.us;
      if (columns.row_time > 0 && length == RowLength::kLonger) {
        m(i, columns.row_time) = bytes / (2 * t.in) * 1e-2 / t.us;
      }
    }
    return m;
  }
};

std::optional<Candidate> fit_with(const Equations& equations, bool with_row_time) {
  const Columns columns(equations.totals, equations.chunk_bytes, with_row_time);
  const auto count = static_cast<Eigen::Index>(equations.totals.size());
  if (count <= columns.count) return std::nullopt;
  const Eigen::MatrixXd shares = equations.shares(columns);
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> parts(shares);
  if (parts.rank() < columns.count) return std::nullopt;
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(count);
  const Eigen::VectorXd x = parts.solve(ones);
  const bool has_row_time = columns.row_time > 0;
  const Eigen::VectorXd per_mb = x.segment(2, columns.count - 2 - (has_row_time ? 1 : 0));
  const double per_row = has_row_time ? x(columns.row_time) * 1e-2 : 0;
  if (x(0) < 0 || x(1) < 0 || per_mb.minCoeff() <= 0 || per_row < 0) return std::nullopt;
  const auto rate = [&](RowLength length) {
    return columns.of(length) > 0 ? 1e3 / x(columns.of(length)) : 0.0;
  };
  LinearBodyFit fit;
  fit.constant = x(0);
  fit.per_input = x(1);
  fit.pair_rate = rate(RowLength::kPair);
  fit.row_rate = rate(RowLength::kSingle);
  fit.rate =
      columns.of(RowLength::kLonger) > 0 ? rate(RowLength::kLonger) : 1e3 / per_mb.maxCoeff();
  fit.row_time = per_row;
  fit.enough_warps = equations.enough;
  return Candidate{fit, (shares * x - ones).squaredNorm()};
}

}  // namespace

double stream_us(const LinearBodyFit& fit, const LinearTotal& total, std::uint32_t warps,
                 std::uint32_t chunk_bytes) {
  const double bytes =
      effective_bytes(total, warps, chunk_bytes, static_cast<std::uint32_t>(fit.enough_warps));
  switch (length_of(total, chunk_bytes)) {
    case RowLength::kPair:
      return bytes * 1e-3 / (fit.pair_rate > 0 ? fit.pair_rate : fit.rate);
    case RowLength::kSingle:
      return bytes * 1e-3 / (fit.row_rate > 0 ? fit.row_rate : fit.rate);
    case RowLength::kLonger:
      break;
  }
  return bytes * 1e-3 / fit.rate + bytes / (2 * total.in) * fit.row_time;
}

std::optional<LinearBodyFit> fit_linear_body(std::span<const LinearTotal> totals,
                                             std::uint32_t warps, std::uint32_t chunk_bytes) {
  // What explains as well as the best to a ten-thousandth, of a mean total.
  const double alike = static_cast<double>(totals.size()) * 1e-8;
  std::optional<Candidate> best;
  for (std::uint32_t enough = 1; enough <= warps; ++enough) {
    const Equations equations{totals, warps, chunk_bytes, enough};
    auto found = fit_with(equations, true);
    if (!found) found = fit_with(equations, false);
    if (found && (!best || found->error <= best->error + alike)) best = found;
  }
  if (!best) return std::nullopt;
  return best->fit;
}

}  // namespace mk::cuda
