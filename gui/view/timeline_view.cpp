#include "gui/view/timeline_view.h"

#include <QApplication>
#include <QDragEnterEvent>
#include <QMimeData>
#include <QPainter>
#include <QUrl>
#include <algorithm>
#include <cmath>

#include "gui/model/overlays.h"
#include "gui/timeline/fonts.h"

namespace mk::gui {
namespace {

constexpr double kWheelZoom = 1.0015;  // a unit of the wheel's angle; a click has 120
constexpr double kKeyZoom = 1.3;
constexpr double kKeyPan = 0.1;    // of the plot
constexpr double kSnap = 6;        // pixels
constexpr quint64 kGesture = 700;  // ms, of the window system's clock

}  // namespace

TimelineView::TimelineView(Session& session, QWidget* parent)
    : QWidget(parent), session_(session), cache_(text_font(kPlotFontSize)) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAcceptDrops(true);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setMinimumSize(320, 160);
}

int TimelineView::columns_drawn() const {
  int columns = 0;
  for (const BodyCache& body : cache_.bodies) columns += body.columns_drawn();
  return columns;
}

Layout TimelineView::layout_now() {
  return picture_layout(session_.scene(), size(), options_, cache_);
}

Surroundings TimelineView::surroundings() {
  return surroundings_of(session_.scene(), layout_now().plots.front().size());
}

Picked TimelineView::pick_at(const QPointF& point) {
  return pick(session_.scene(), view(), layout_now(), point);
}

void TimelineView::set_theme(ThemeName theme) {
  options_.theme = theme;
  update();
}

void TimelineView::set_empty_text(const QString& text) {
  empty_text_ = text;
  update();
}

void TimelineView::session_changed() {
  const Scene& scene = session_.scene();
  overlay_.hovered.reset();  // its trace may be gone
  if (scene.traces.empty()) {
    has_view_ = false;
    clear();
    overlay_.path.clear();
    overlay_.found.clear();
  } else if (!has_view_) {
    has_view_ = true;
    fit_rows();
    history_ = ViewHistory();
    history_.drift(fit_all({}, surroundings()));
  } else {
    history_.drift(clamped(view(), surroundings()));
  }
  emit viewChanged();
  update();
}

void TimelineView::fit_rows() {
  Arrangement arrangement = session_.arrangement();
  arrangement.row_height = fitting_row_height(session_, layout_now().plot_height());
  session_.set_arrangement(arrangement);
}

void TimelineView::go(const Viewport& view) {
  if (session_.size() == 0) return;
  history_.go(clamped(view, surroundings()));
  emit viewChanged();
  update();
}

void TimelineView::drift(const Viewport& view) {
  if (session_.size() == 0) return;
  history_.drift(clamped(view, surroundings()));
  emit viewChanged();
  update();
}

void TimelineView::nudge(const Viewport& view) {
  const bool is_same = input_time_ && nudged_ && *input_time_ - *nudged_ <= kGesture;
  nudged_ = input_time_;
  is_same ? drift(view) : go(view);
}

void TimelineView::show_range(const TimeRange& range) {
  go(fit_range(view(), range, surroundings()));
}

void TimelineView::select(SliceRef slice, bool bring_into_sight) {
  select_slice(session_, slice, overlay_);
  if (bring_into_sight) {
    const Trace& trace = session_.trace(slice.trace).trace();
    const Row* row = session_.scene().row_of({slice.trace, trace.slices.lane[slice.slice]});
    if (row != nullptr) go(reveal(view(), *selected_range(), *row, surroundings()));
  }
  emit selectionChanged();
  update();
}

void TimelineView::select_area(const Area& area) {
  overlay_.area = area;
  emit areaChanged();
  update();
}

void TimelineView::clear() {
  clear_selection(overlay_);
  emit selectionChanged();
  emit areaChanged();
  update();
}

void TimelineView::set_path(std::vector<PathStep> path) {
  overlay_.path = std::move(path);
  update();
}

void TimelineView::set_found(std::vector<SliceRef> found) {
  overlay_.found = std::move(found);
  update();
}

void TimelineView::set_marks(std::vector<MarkLine> marks) {
  overlay_.marks = std::move(marks);
  update();
}

std::optional<TimeRange> TimelineView::selected_range() {
  if (overlay_.area) return overlay_.area->range;
  if (!overlay_.selected) return std::nullopt;
  const SliceRef slice = *overlay_.selected;
  const SliceColumns& s = session_.trace(slice.trace).trace().slices;
  const TimeMap& map = session_.scene().traces[slice.trace].map;
  return TimeRange{map.to_axis(static_cast<double>(s.start[slice.slice])),
                   map.to_axis(static_cast<double>(s.end[slice.slice]))};
}

void TimelineView::render_to(QPainter& painter, const QSize& picture_size, double pixel_ratio) {
  PictureOptions options = options_;
  options.pixel_ratio = pixel_ratio;
  draw_picture(painter, session_.scene(), view(), overlay_, picture_size, options, cache_);
}

void TimelineView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (session_.size() > 0) return render_to(painter, size(), devicePixelRatioF());
  const Theme& theme = theme_of(options_.theme);
  painter.fillRect(rect(), QColor(theme.background));
  painter.setPen(QColor(theme.faint_text));
  painter.setFont(text_font(15));
  painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, empty_text_);
}

void TimelineView::resizeEvent(QResizeEvent*) {
  if (session_.size() > 0) drift(view());
}

void TimelineView::wheelEvent(QWheelEvent* event) {
  input_time_ = event->timestamp();
  const QPoint angle = event->angleDelta();
  const Surroundings around = surroundings();
  if ((event->modifiers() & Qt::ControlModifier) != 0) {
    const double x = pick_at(event->position()).x;
    nudge(zoom_at(view(), std::pow(kWheelZoom, -angle.y()), x, around));
  } else if ((event->modifiers() & Qt::ShiftModifier) != 0) {
    nudge(pan_by(view(), -(angle.y() != 0 ? angle.y() : angle.x()), around));
  } else {
    if (angle.x() != 0) nudge(pan_by(view(), -angle.x(), around));
    nudge(scroll_by(view(), -angle.y() / 2, around));
  }
  input_time_.reset();
  event->accept();
}

void TimelineView::mousePressEvent(QMouseEvent* event) {
  setFocus();
  if (session_.size() == 0) return;
  const Picked picked = pick_at(event->position());
  const DragKind kind = drag_kind(event->button(), event->modifiers(),
                                  picked.part == Part::kMinimap, picked.part == Part::kGutter);
  drag_.press(kind, event->position());
  if (kind == DragKind::kPan || kind == DragKind::kMinimap) history_.go(view());
  if (kind == DragKind::kMinimap) drag_to(event->position(), event->modifiers());
}

void TimelineView::mouseMoveEvent(QMouseEvent* event) {
  pointer_ = event->position();
  if (session_.size() == 0) return;
  if (drag_.kind() == DragKind::kNone) return hover(event->position());
  drag_to(event->position(), event->modifiers());
}

void TimelineView::drag_to(const QPointF& point, Qt::KeyboardModifiers modifiers) {
  const QPointF by = drag_.move(point);
  if (!drag_.has_moved()) return;
  switch (drag_.kind()) {
    case DragKind::kPan:
      drift(scroll_by(pan_by(view(), -by.x(), surroundings()), -static_cast<int>(by.y()),
                      surroundings()));
      break;
    case DragKind::kMinimap: {
      const QRect area = layout_now().minimap;
      const TimeWindow all = fitted(session_.scene().range, area.width());
      Viewport moved = view();
      const double half = view().window.ns_per_pixel * surroundings().plot.width() / 2;
      moved.window.start = all.time_at(point.x() - area.left()) - half;
      drift(moved);
      break;
    }
    case DragKind::kZoom:
      overlay_.measured = spanned(time_for(drag_.origin(), modifiers), time_for(point, modifiers));
      update();
      break;
    case DragKind::kArea:
      drag_area(point, modifiers);
      break;
    case DragKind::kLane:
    case DragKind::kNone:
      break;
  }
}

double TimelineView::time_for(const QPointF& point, Qt::KeyboardModifiers modifiers) {
  const Picked picked = pick_at(point);
  if ((modifiers & Qt::AltModifier) != 0 || !picked.lane) return picked.time;
  return snapped(session_.scene(), *picked.lane, picked.time, kSnap * view().window.ns_per_pixel);
}

void TimelineView::drag_area(const QPointF& point, Qt::KeyboardModifiers modifiers) {
  const Scene& scene = session_.scene();
  if (scene.rows.empty()) return;
  const int top = layout_now().plots.front().top();
  const std::size_t a = row_at(scene, view().scroll, static_cast<int>(drag_.origin().y()) - top);
  const std::size_t b = row_at(scene, view().scroll, static_cast<int>(point.y()) - top);
  overlay_.area = Area{spanned(time_for(drag_.origin(), modifiers), time_for(point, modifiers)),
                       std::min(a, b), std::max(a, b)};
  update();
}

void TimelineView::mouseReleaseEvent(QMouseEvent* event) {
  if (session_.size() == 0) return;
  const QPointF origin = drag_.origin();
  switch (drag_.release()) {
    case DragKind::kNone:
      return click(event->position(), event->button());
    case DragKind::kArea:
      emit areaChanged();
      break;
    case DragKind::kZoom:
      if (overlay_.measured) show_range(*std::exchange(overlay_.measured, std::nullopt));
      break;
    case DragKind::kLane:
      pointer_ = origin;
      drop_lane(event->position());
      break;
    case DragKind::kPan:
    case DragKind::kMinimap:
      break;
  }
  update();
}

void TimelineView::click(const QPointF& point, Qt::MouseButton button) {
  const Picked picked = pick_at(point);
  if (button == Qt::RightButton) {
    if (picked.row) emit rowMenuWanted(static_cast<int>(*picked.row), mapToGlobal(point.toPoint()));
    return;
  }
  if (button != Qt::LeftButton) return;
  const Scene& scene = session_.scene();
  if (picked.row && scene.rows[*picked.row].kind == RowKind::kGroup) {
    Arrangement arrangement = session_.arrangement();
    const std::uint32_t group = scene.rows[*picked.row].group;
    if (arrangement.collapsed.erase(group) == 0) arrangement.collapsed.insert(group);
    session_.set_arrangement(arrangement);
    return session_changed();
  }
  if (picked.part != Part::kPlot) return;
  if (overlay_.area) {
    overlay_.area.reset();
    emit areaChanged();
  }
  if (picked.slice) return select(*picked.slice, false);
  clear();
}

void TimelineView::drop_lane(const QPointF& point) {
  const Picked from = pick_at(pointer_);
  const Picked to = pick_at(QPointF(layout_now().gutter.left() + 1, point.y()));
  const Scene& scene = session_.scene();
  if (!from.row || !to.row) return;
  const Row& a = scene.rows[*from.row];
  const Row& b = scene.rows[*to.row];
  if (a.kind != RowKind::kLanes || b.kind != RowKind::kLanes || &a == &b) return;
  Arrangement arrangement = session_.arrangement();
  arrangement.moved.push_back(session_.key_of(a));
  arrangement.moved.push_back(session_.key_of(b));
  session_.set_arrangement(arrangement);
  session_changed();
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (session_.size() == 0 || event->button() != Qt::LeftButton) return;
  const Picked picked = pick_at(event->position());
  if (!picked.slice) return;
  select(*picked.slice, false);
  zoom_to_selection();
}

void TimelineView::hover(const QPointF& point) {
  const Picked picked = pick_at(point);
  const std::optional<double> cursor =
      picked.part == Part::kPlot ? std::optional(picked.time) : std::nullopt;
  const bool changed = overlay_.hovered != picked.slice || overlay_.cursor != cursor;
  overlay_.hovered = picked.slice;
  overlay_.cursor = cursor;
  emit hovered(describe(session_, picked, view().window.ns_per_pixel));
  if (changed) update();
}

void TimelineView::leaveEvent(QEvent*) {
  overlay_.hovered.reset();
  overlay_.cursor.reset();
  emit hovered({});
  update();
}

void TimelineView::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void TimelineView::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls()) {
    if (url.isLocalFile()) paths.push_back(url.toLocalFile());
  }
  event->acceptProposedAction();
  emit filesDropped(paths);
}

void TimelineView::keyPressEvent(QKeyEvent* event) {
  const std::optional<Command> command = command_of(*event);
  if (!command) return QWidget::keyPressEvent(event);
  input_time_ = event->timestamp();
  if (!run(*command)) emit commandWanted(*command);
  input_time_.reset();
}

double TimelineView::zoom_centre() {
  const Layout layout = layout_now();
  const Picked picked = pick_at(pointer_);
  return picked.part == Part::kPlot ? picked.x : layout.plot_width() / 2.0;
}

bool TimelineView::run(Command command) {
  const double page = surroundings().plot.width() * kKeyPan;
  const int rows = surroundings().plot.height() / 4;
  switch (command) {
    case Command::kZoomIn:
      nudge(zoom_at(view(), 1 / kKeyZoom, zoom_centre(), surroundings()));
      break;
    case Command::kZoomOut:
      nudge(zoom_at(view(), kKeyZoom, zoom_centre(), surroundings()));
      break;
    case Command::kLeft:
      nudge(pan_by(view(), -page, surroundings()));
      break;
    case Command::kRight:
      nudge(pan_by(view(), page, surroundings()));
      break;
    case Command::kScrollUp:
      nudge(scroll_by(view(), -rows, surroundings()));
      break;
    case Command::kScrollDown:
      nudge(scroll_by(view(), rows, surroundings()));
      break;
    case Command::kFit:
      go(fit_all(view(), surroundings()));
      break;
    case Command::kZoomToSelection:
      zoom_to_selection();
      break;
    case Command::kUndoZoom:
      history_.undo();
      emit viewChanged();
      update();
      break;
    case Command::kRedoZoom:
      history_.redo();
      emit viewChanged();
      update();
      break;
    case Command::kNextSlice:
      step_on_lane(1);
      break;
    case Command::kPreviousSlice:
      step_on_lane(-1);
      break;
    case Command::kProducer:
      follow(true);
      break;
    case Command::kConsumer:
      follow(false);
      break;
    case Command::kPartner:
      if (!overlay_.matched.empty()) select(overlay_.matched.front(), true);
      break;
    case Command::kClear:
      clear();
      break;
    case Command::kTaller:
      change_row_height(1);
      break;
    case Command::kLower:
      change_row_height(-1);
      break;
    default:
      return false;
  }
  return true;
}

void TimelineView::zoom_to_selection() {
  if (const auto range = selected_range()) show_range(*range);
}

void TimelineView::change_row_height(int by) {
  Arrangement arrangement = session_.arrangement();
  arrangement.row_height += by * std::max(1, arrangement.row_height / 6);
  session_.set_arrangement(arrangement);
  session_changed();
}

void TimelineView::step_on_lane(int by) {
  if (!overlay_.selected) return;
  const SliceRef now = *overlay_.selected;
  const SliceColumns& s = session_.trace(now.trace).trace().slices;
  const std::int64_t next = static_cast<std::int64_t>(now.slice) + by;
  if (next < 0 || next >= static_cast<std::int64_t>(s.size())) return;
  const auto slice = static_cast<std::uint32_t>(next);
  if (s.lane[slice] == s.lane[now.slice]) select({now.trace, slice}, true);
}

void TimelineView::follow(bool to_producer) {
  if (!overlay_.selected) return;
  const SliceRef now = *overlay_.selected;
  LoadedTrace& trace = session_.trace(now.trace);
  const std::vector<std::uint32_t> slices =
      to_producer ? producers_of(trace, now.slice) : consumers_of(trace, now.slice);
  if (!slices.empty()) select({now.trace, slices.front()}, true);
}

}  // namespace mk::gui
