// Mip: a pyramid over the bands of each lane, so that a picture of everything costs what a picture
// has pixels, not what the trace has slices.
//
// Level k cuts time into buckets of base_ns << k ns from `origin`. For each bucket it holds exactly
// how many ns of it bands cover, and the category that covers most of it. Building is one pass;
// about 7 bytes a band. Immutable once built.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/timeline/bands.h"

namespace mk::gui {

class Mip {
 public:
  struct Level {
    std::uint32_t buckets = 0;             // a lane
    std::vector<std::uint32_t> busy{};     // ns, [lane * buckets + bucket]
    std::vector<std::uint8_t> category{};  // of the largest part; meaningless where busy is 0
  };

  explicit Mip(const Bands& bands);

  // False iff buckets are too coarse for this scale: a picture then scans the bands themselves.
  bool serves(double ns_per_pixel) const {
    return !levels_.empty() && ns_per_pixel >= 2 * static_cast<double>(base_ns_);
  }
  // The coarsest level with at least two buckets a pixel. Requires: serves(ns_per_pixel).
  std::size_t level_for(double ns_per_pixel) const;

  Nanoseconds origin() const { return origin_; }
  Nanoseconds bucket_ns(std::size_t level) const { return base_ns_ << level; }
  const Level& level(std::size_t level) const { return levels_[level]; }
  std::size_t bytes() const;

 private:
  Nanoseconds origin_ = 0;
  Nanoseconds base_ns_ = 1;
  std::vector<Level> levels_{};  // empty iff there are no bands
};

}  // namespace mk::gui
