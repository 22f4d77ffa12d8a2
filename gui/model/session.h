// Session: the open traces, how the person wants to see them, and the scene that follows.
//
// No widget: --screenshot, the window and tests use the same one. One thread uses a session.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gui/model/alignment.h"
#include "gui/model/compared.h"
#include "gui/model/delta_layer.h"
#include "gui/model/lane_rows.h"
#include "gui/model/loaded_trace.h"
#include "gui/model/matching.h"
#include "gui/timeline/overlay.h"
#include "gui/timeline/scene.h"

namespace mk::gui {

class Session {
 public:
  void add(std::unique_ptr<LoadedTrace> trace);
  void close(std::size_t trace);
  std::size_t size() const { return traces_.size(); }
  LoadedTrace& trace(std::size_t at) { return *traces_[at]; }
  const LoadedTrace& trace(std::size_t at) const { return *traces_[at]; }
  std::vector<LoadedTrace*> traces() const;

  ColorBy color_by() const { return color_by_; }
  void set_color_by(ColorBy by);
  const Arrangement& arrangement() const { return arrangement_; }
  void set_arrangement(Arrangement arrangement);
  const Alignment& alignment() const { return alignment_; }
  void set_alignment(Alignment alignment);
  std::shared_ptr<OperatorPalette> operators() const { return operators_; }

  // The scene of now, made again where something has changed since the last call.
  const Scene& scene();
  // Says that an open trace was completed.
  void contents_changed();

  // Whether it makes what it lacks when it is asked (the default). Else that is left out of scenes
  // and answers until it is installed: a window has it made in a thread (model/derivations.h).
  bool derives() const { return derives_; }
  void set_derives(bool derives) { derives_ = derives; }

  // Of the first trace and the one at `second`; made once. null iff missing and not derived.
  // Requires: 0 < second < size().
  std::shared_ptr<const Matching> matching(std::size_t second);
  void install(std::size_t second, std::shared_ptr<const Matching> matching);
  // The lane that compares, as far as it is wanted and not there. It goes on showing what was made
  // for other alignments of the same traces.
  bool lacks_delta();
  void install(std::shared_ptr<const DeltaLayer> delta) {
    delta_ = std::move(delta);
    is_stale_ = true;
  }
  // How the trace's time lies on the axis.
  TimeMap map_of(std::size_t trace) const;
  // The same task in the other traces; empty for slices that are no task.
  std::vector<SliceRef> partners(SliceRef slice);

  LaneKey key_of(const Row& row) const;

 private:
  void rebuild();
  SceneTrace shown(std::size_t at);
  bool wants_delta() const;
  // Of these traces, and of this alignment too.
  bool has_delta() const;
  bool is_delta_current() const;

  std::shared_ptr<OperatorPalette> operators_ = std::make_shared<OperatorPalette>();
  std::vector<std::unique_ptr<LoadedTrace>> traces_{};
  std::vector<std::shared_ptr<const Matching>> matchings_{};  // by second trace
  std::shared_ptr<const DeltaLayer> delta_{};
  bool derives_ = true;
  ColorBy color_by_ = ColorBy::kOperator;
  Arrangement arrangement_{};
  Alignment alignment_{};
  Scene scene_{};
  std::uint64_t revision_ = 0;
  bool is_stale_ = true;
};

}  // namespace mk::gui
