// The lane that compares: the first trace's slices, coloured by how much later the second one
// started the same task.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/model/loaded_trace.h"
#include "gui/model/matching.h"
#include "gui/timeline/scene.h"

namespace mk::gui {

// Owns the categories that its layer's bands point to; their times are those of the first trace,
// which must outlive it.
class DeltaLayer {
 public:
  DeltaLayer(LoadedTrace& first, const TimeMap& first_map, const Trace& second,
             const TimeMap& second_map, const Matching& matching, OperatorPalette& operators);
  DeltaLayer(const DeltaLayer&) = delete;
  DeltaLayer& operator=(const DeltaLayer&) = delete;

  const BandLayer& layer() const { return layer_; }
  // The difference that is drawn in full colour: 95 % of all are smaller.
  double full_scale() const { return full_scale_; }

 private:
  std::vector<std::uint8_t> category_{};
  BandLayer layer_{};
  double full_scale_ = 0;
};

}  // namespace mk::gui
