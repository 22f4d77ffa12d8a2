// The timeline in the window: paints the picture and turns mouse and keys into views and
// selections.
//
// It owns where the person looks and what is selected; the Session says what there is. Hovering,
// selecting and moving repaint; only what came into sight is drawn anew (BodyCache).
#pragma once

#include <QStringList>
#include <QWidget>
#include <memory>

#include "gui/model/session.h"
#include "gui/model/view_history.h"
#include "gui/timeline/picture.h"
#include "gui/view/drag.h"
#include "gui/view/keys.h"
#include "gui/view/navigation.h"
#include "gui/view/pick.h"

namespace mk::gui {

class TimelineView : public QWidget {
  Q_OBJECT

 public:
  explicit TimelineView(Session& session, QWidget* parent = nullptr);

  const Viewport& view() const { return history_.view(); }
  const Overlay& overlay() const { return overlay_; }
  ThemeName theme() const { return options_.theme; }
  QString empty_text() const { return empty_text_; }
  // Columns that the last repaint drew anew, over all plots.
  int columns_drawn() const;
  const PictureCache& cache() const { return cache_; }
  // Draws what the window shows, for a file.
  void render_to(QPainter& painter, const QSize& size, double pixel_ratio);

  void set_theme(ThemeName theme);
  void set_empty_text(const QString& text);
  // The session has changed: rows and marks follow, the view stays where it can.
  void session_changed();
  void fit_rows();
  void go(const Viewport& view);
  void show_range(const TimeRange& range);
  void select(SliceRef slice, bool bring_into_sight);
  void select_area(const Area& area);
  void clear();
  void set_path(std::vector<PathStep> path);
  void set_found(std::vector<SliceRef> found);
  void set_marks(std::vector<MarkLine> marks);
  bool run(Command command);

 signals:
  void selectionChanged();
  void areaChanged();
  void viewChanged();
  void hovered(const QString& text);
  void commandWanted(mk::gui::Command command);
  void rowMenuWanted(int row, QPoint position);
  void filesDropped(const QStringList& paths);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  Layout layout_now();
  Surroundings surroundings();
  Picked pick_at(const QPointF& point);
  void drift(const Viewport& view);
  // A step of the wheel or a key: those that follow each other soon are undone together.
  void nudge(const Viewport& view);
  void hover(const QPointF& point);
  void drag_to(const QPointF& point, Qt::KeyboardModifiers modifiers);
  void drag_area(const QPointF& point, Qt::KeyboardModifiers modifiers);
  void click(const QPointF& point, Qt::MouseButton button);
  void drop_lane(const QPointF& point);
  double time_for(const QPointF& point, Qt::KeyboardModifiers modifiers);
  double zoom_centre();
  void step_on_lane(int by);
  void follow(bool to_producer);
  void zoom_to_selection();
  void change_row_height(int by);
  std::optional<TimeRange> selected_range();

  Session& session_;
  ViewHistory history_{};
  Overlay overlay_{};
  PictureOptions options_{};
  PictureCache cache_;
  Drag drag_{};
  std::optional<quint64> input_time_{};  // ms, of the event that is being handled
  std::optional<quint64> nudged_{};      // of the one that nudged last
  QPointF pointer_{-1, -1};
  QString empty_text_{};
  bool has_view_ = false;
};

// What the status line says about a slice or a column: name, length, what bounds it.
QString describe(Session& session, const Picked& picked, double ns_per_pixel);

}  // namespace mk::gui
