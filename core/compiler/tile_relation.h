// Which tiles of one operator and which of another touch the same elements of a tensor.
//
// Cuts are by dimension, so the tiles of `from` that overlap one tile of `to` are a box on `from`'s
// grid: on each axis an interval of coordinates. Dimensions that either side touches whole, or that
// are shared out at run time (kDynamic), overlap always.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/operator.h"
#include "core/tensor.h"

namespace mk::compiler {

struct Interval {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Coordinates on the three axes of a grid. Empty if one of them is.
struct TileBox {
  std::array<Interval, 3> axis{};

  bool empty() const;
  std::uint64_t tiles() const;
  template <typename F>
  void for_each(const Grid& grid, F&& f) const {  // f(tile), ascending
    for (std::uint32_t z = axis[2].begin; z < axis[2].end; ++z) {
      for (std::uint32_t y = axis[1].begin; y < axis[1].end; ++y) {
        for (std::uint32_t x = axis[0].begin; x < axis[0].end; ++x)
          f((z * grid.extent[1] + y) * grid.extent[0] + x);
      }
    }
  }
};

// One dimension that both operators cut: coordinate c on `to_axis` overlaps overlap[c] on
// `from_axis`.
struct SharedCut {
  std::uint8_t from_axis = 0;
  std::uint8_t to_axis = 0;
  std::vector<Interval> overlap{};
};

class TileRelation {
 public:
  // Through these two accesses, which are to the same tensor.
  TileRelation(const Operator& from, const Access& from_access, const Operator& to,
               const Access& to_access, const Tensor& tensor);

  TileBox overlapping(std::uint32_t to_tile) const;
  // Does every tile of `to` overlap every tile of `from`?
  bool complete() const;
  const std::vector<SharedCut>& shared_cuts() const { return shared_; }

 private:
  Grid from_{};
  Grid to_{};
  std::vector<SharedCut> shared_{};
};

}  // namespace mk::compiler
