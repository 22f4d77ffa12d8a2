// What a person did to a timeline, as text: recorded from a window, replayed by benchmarks.
//
//   # megascope-input 1
//   # ms kind x y value modifiers
//   0 move 812 402 0 -
//   16 wheel 812 402 120 C
//   350 press 640 300 1 S
//   420 key 0 0 87 -
//
// `value` is the wheel's angle (eighths of a degree, up is positive), the button (Qt::MouseButton)
// or the key (Qt::Key); modifiers are any of C (Ctrl), S (Shift), A (Alt), or "-". Positions are
// pixels of the timeline.
#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QPointF>
#include <QString>
#include <vector>

#include "core/result.h"

class QWidget;

namespace mk::gui {

struct InputEvent {
  enum class Kind { kMove, kPress, kRelease, kDoubleClick, kWheel, kKey };

  double at_ms = 0;
  Kind kind = Kind::kMove;
  QPointF position{};
  int value = 0;
  Qt::KeyboardModifiers modifiers{};
};

QString line_of(const InputEvent& event);
// InvalidInput names the line; Io the file.
Result<std::vector<InputEvent>> read_input(const QString& path);

// Gives events to a widget as if they had just happened, and remembers which buttons are down.
class InputReplay {
 public:
  explicit InputReplay(QWidget& widget) : widget_(widget) {}
  void send(const InputEvent& event);

 private:
  void send_mouse(const InputEvent& event);

  QWidget& widget_;
  Qt::MouseButtons down_{};
};

// Writes what comes to a widget to a file while it lives.
class InputRecorder : public QObject {
 public:
  // Watches nothing where the file cannot be written: see is_open().
  InputRecorder(QWidget& widget, const QString& path);
  bool is_open() const { return file_.isOpen(); }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QFile file_;
  QElapsedTimer since_{};
};

}  // namespace mk::gui
