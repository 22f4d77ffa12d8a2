// A press, the moves after it and the release, as what they mean.
//
//   left          selects an area           shift+left, middle   pans
//   right         zooms to what is dragged over
//   minimap       moves the view there      gutter               moves the lane
// A press and release without a move is a click.
#pragma once

#include <QPointF>
#include <Qt>
#include <cstdint>

namespace mk::gui {

enum class DragKind : std::uint8_t { kNone, kArea, kPan, kZoom, kMinimap, kLane };

class Drag {
 public:
  DragKind kind() const { return kind_; }
  // The pointer has left the place of the press.
  bool has_moved() const { return has_moved_; }
  QPointF origin() const { return origin_; }

  void press(DragKind kind, const QPointF& point);
  // Returns how far the pointer came since the last call.
  QPointF move(const QPointF& point);
  // Returns what the gesture was; kNone iff it was a click.
  DragKind release();

 private:
  DragKind kind_ = DragKind::kNone;
  QPointF origin_{};
  QPointF last_{};
  bool has_moved_ = false;
};

DragKind drag_kind(Qt::MouseButton button, Qt::KeyboardModifiers modifiers, bool on_minimap,
                   bool on_gutter);

}  // namespace mk::gui
