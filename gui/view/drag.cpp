#include "gui/view/drag.h"

namespace mk::gui {
namespace {
constexpr double kClickSlack = 4;  // pixels
}  // namespace

void Drag::press(DragKind kind, const QPointF& point) {
  kind_ = kind;
  origin_ = last_ = point;
  has_moved_ = kind == DragKind::kMinimap;
}

QPointF Drag::move(const QPointF& point) {
  has_moved_ = has_moved_ || (point - origin_).manhattanLength() >= kClickSlack;
  const QPointF by = point - last_;
  last_ = point;
  return by;
}

DragKind Drag::release() {
  const DragKind kind = has_moved_ ? kind_ : DragKind::kNone;
  kind_ = DragKind::kNone;
  has_moved_ = false;
  return kind;
}

DragKind drag_kind(Qt::MouseButton button, Qt::KeyboardModifiers modifiers, bool on_minimap,
                   bool on_gutter) {
  if (on_minimap) return button == Qt::LeftButton ? DragKind::kMinimap : DragKind::kNone;
  if (on_gutter) return button == Qt::LeftButton ? DragKind::kLane : DragKind::kNone;
  if (button == Qt::MiddleButton) return DragKind::kPan;
  if (button == Qt::RightButton) return DragKind::kZoom;
  return (modifiers & Qt::ShiftModifier) != 0 ? DragKind::kPan : DragKind::kArea;
}

}  // namespace mk::gui
