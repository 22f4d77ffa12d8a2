// From bands to pixels: what each column of a lane's picture shows.
//
// A column is one device pixel wide. Its share is the part of its time that bands cover, its
// category the one that covers most. While bands are scanned (few a pixel) both are exact; from the
// pyramid the share is exact for a column whose edges are rounded to buckets, at most a quarter of
// a pixel.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/timeline/bands.h"
#include "gui/timeline/mip.h"
#include "gui/timeline/time_window.h"

namespace mk::gui {

// The columns [x0, x1) of a lane that look the same.
struct Run {
  int x0 = 0;
  int x1 = 0;
  std::uint8_t category = 0;
  std::uint8_t share = 255;       // covered part of each column, 1 .. 255
  std::uint32_t band = kNoIndex;  // whole inside one band: that band; else none
};

// The runs of one lane in the order of x, columns without bands left out; appends to `out`.
// `window` is in the bands' own time. `mip` may be null; the picture then costs what the bands in
// sight do.
void append_runs(const Bands& bands, const Mip* mip, std::size_t lane, const TimeWindow& window,
                 int width, std::vector<Run>& out);

}  // namespace mk::gui
