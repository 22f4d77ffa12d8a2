#include "gui/view/input_log.h"

#include <fmt/format.h>

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QStringList>
#include <QTextStream>
#include <QWheelEvent>
#include <QWidget>
#include <array>
#include <optional>

namespace mk::gui {
namespace {

using Kind = InputEvent::Kind;

constexpr const char* kHead = "# megascope-input 1";
constexpr std::array kNames = {"move", "press", "release", "double", "wheel", "key"};

QString text_of(Qt::KeyboardModifiers modifiers) {
  QString text;
  if ((modifiers & Qt::ControlModifier) != 0) text += 'C';
  if ((modifiers & Qt::ShiftModifier) != 0) text += 'S';
  if ((modifiers & Qt::AltModifier) != 0) text += 'A';
  return text.isEmpty() ? QStringLiteral("-") : text;
}

std::optional<Kind> kind_of(const QString& name) {
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (name == QLatin1String(kNames[k])) return static_cast<Kind>(k);
  }
  return std::nullopt;
}

std::optional<InputEvent> event_of(const QString& line) {
  const QStringList parts = line.split(' ', Qt::SkipEmptyParts);
  if (parts.size() != 6) return std::nullopt;
  const std::optional<Kind> kind = kind_of(parts[1]);
  std::array<bool, 4> are_numbers{};
  InputEvent event;
  event.at_ms = parts[0].toDouble(&are_numbers[0]);
  event.position = {parts[2].toDouble(&are_numbers[1]), parts[3].toDouble(&are_numbers[2])};
  event.value = parts[4].toInt(&are_numbers[3]);
  if (parts[5].contains('C')) event.modifiers |= Qt::ControlModifier;
  if (parts[5].contains('S')) event.modifiers |= Qt::ShiftModifier;
  if (parts[5].contains('A')) event.modifiers |= Qt::AltModifier;
  if (!kind || are_numbers != std::array{true, true, true, true}) return std::nullopt;
  event.kind = *kind;
  return event;
}

// None for events that are no input.
std::optional<InputEvent> input_of(const QEvent& event) {
  const auto mouse = [&event](Kind kind) {
    const auto& e = static_cast<const QMouseEvent&>(event);
    return InputEvent{0, kind, e.position(), static_cast<int>(e.button()), e.modifiers()};
  };
  switch (event.type()) {
    case QEvent::MouseMove:
      return mouse(Kind::kMove);
    case QEvent::MouseButtonPress:
      return mouse(Kind::kPress);
    case QEvent::MouseButtonRelease:
      return mouse(Kind::kRelease);
    case QEvent::MouseButtonDblClick:
      return mouse(Kind::kDoubleClick);
    case QEvent::Wheel: {
      const auto& e = static_cast<const QWheelEvent&>(event);
      return InputEvent{0, Kind::kWheel, e.position(), e.angleDelta().y(), e.modifiers()};
    }
    case QEvent::KeyPress: {
      const auto& e = static_cast<const QKeyEvent&>(event);
      return InputEvent{0, Kind::kKey, {}, e.key(), e.modifiers()};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

QString line_of(const InputEvent& event) {
  return QStringLiteral("%1 %2 %3 %4 %5 %6")
      .arg(event.at_ms, 0, 'f', 0)
      .arg(QLatin1String(kNames[static_cast<std::size_t>(event.kind)]))
      .arg(event.position.x(), 0, 'f', 0)
      .arg(event.position.y(), 0, 'f', 0)
      .arg(event.value)
      .arg(text_of(event.modifiers));
}

Result<std::vector<InputEvent>> read_input(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly | QIODevice::Text))
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path.toStdString()));
  QTextStream stream(&file);
  std::vector<InputEvent> events;
  QString line = stream.readLine();
  if (line != QLatin1String(kHead))
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: does not begin with '{}'", path.toStdString(), kHead));
  for (int number = 2; stream.readLineInto(&line); ++number) {
    if (line.isEmpty() || line.startsWith('#')) continue;
    const std::optional<InputEvent> event = event_of(line);
    if (!event)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}, line {}: no event", path.toStdString(), number));
    events.push_back(*event);
  }
  return events;
}

void InputReplay::send(const InputEvent& event) {
  if (event.kind == Kind::kWheel) {
    QWheelEvent wheel(event.position, widget_.mapToGlobal(event.position), {}, {0, event.value},
                      down_, event.modifiers, Qt::NoScrollPhase, false);
    wheel.setTimestamp(static_cast<quint64>(event.at_ms));
    QCoreApplication::sendEvent(&widget_, &wheel);
  } else if (event.kind == Kind::kKey) {
    QKeyEvent key(QEvent::KeyPress, event.value, event.modifiers);
    key.setTimestamp(static_cast<quint64>(event.at_ms));
    QCoreApplication::sendEvent(&widget_, &key);
  } else {
    send_mouse(event);
  }
}

void InputReplay::send_mouse(const InputEvent& event) {
  const auto button = static_cast<Qt::MouseButton>(event.value);
  QEvent::Type type = QEvent::MouseMove;
  if (event.kind == Kind::kPress) type = QEvent::MouseButtonPress;
  if (event.kind == Kind::kDoubleClick) type = QEvent::MouseButtonDblClick;
  if (event.kind == Kind::kRelease) type = QEvent::MouseButtonRelease;
  if (event.kind == Kind::kRelease) down_ &= ~Qt::MouseButtons(button);
  if (type == QEvent::MouseButtonPress || type == QEvent::MouseButtonDblClick) down_ |= button;
  QMouseEvent mouse(type, event.position, widget_.mapToGlobal(event.position), button, down_,
                    event.modifiers);
  QCoreApplication::sendEvent(&widget_, &mouse);
}

InputRecorder::InputRecorder(QWidget& widget, const QString& path) : QObject(&widget), file_(path) {
  if (!file_.open(QIODevice::WriteOnly | QIODevice::Text)) return;
  file_.write(QByteArray(kHead) + "\n# ms kind x y value modifiers\n");
  since_.start();
  widget.installEventFilter(this);
}

bool InputRecorder::eventFilter(QObject* watched, QEvent* event) {
  if (std::optional<InputEvent> input = input_of(*event)) {
    input->at_ms = static_cast<double>(since_.elapsed());
    file_.write((line_of(*input) + '\n').toUtf8());
  }
  return QObject::eventFilter(watched, event);
}

}  // namespace mk::gui
