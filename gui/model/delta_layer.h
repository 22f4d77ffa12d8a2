// The lane that compares: the first trace's slices, coloured by how much later the second one
// started the same task.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/model/compared.h"
#include "gui/timeline/scene.h"

namespace mk::gui {

// Keeps what it was made of: its bands' times are those of the first trace.
class DeltaLayer {
 public:
  explicit DeltaLayer(Compared pair);
  DeltaLayer(const DeltaLayer&) = delete;
  DeltaLayer& operator=(const DeltaLayer&) = delete;

  const BandLayer& layer() const { return layer_; }
  // The difference that is drawn in full colour: 95 % of all are smaller.
  double full_scale() const { return full_scale_; }
  const Compared& pair() const { return pair_; }

 private:
  Compared pair_;
  std::vector<std::uint8_t> category_{};
  BandLayer layer_{};
  double full_scale_ = 0;
};

}  // namespace mk::gui
