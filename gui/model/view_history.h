// ViewHistory: where the person looked before, to go back and forth.
//
// Steps of one gesture (a wheel's clicks) that follow each other soon count as one.
#pragma once

#include <vector>

#include "gui/timeline/scene.h"

namespace mk::gui {

class ViewHistory {
 public:
  const Viewport& view() const { return view_; }

  // A new step: `view` can be undone. Drops what was undone before.
  void go(const Viewport& view);
  // Part of the gesture that the last step began: replaces what is seen, not what undo goes to.
  void drift(const Viewport& view) { view_ = view; }

  bool can_undo() const { return !past_.empty(); }
  bool can_redo() const { return !future_.empty(); }
  void undo();
  void redo();

 private:
  Viewport view_{};
  std::vector<Viewport> past_{};
  std::vector<Viewport> future_{};
};

}  // namespace mk::gui
