#include "gui/view/keys.h"

#include <array>

namespace mk::gui {
namespace {

constexpr std::array kTable = {
    KeyFacts{Command::kZoomIn, "W", "zoom in at the cursor (also Ctrl+wheel)"},
    KeyFacts{Command::kZoomOut, "S", "zoom out at the cursor (also Ctrl+wheel)"},
    KeyFacts{Command::kLeft, "A, Left", "earlier (also Shift+wheel, Shift+drag)"},
    KeyFacts{Command::kRight, "D, Right", "later (also Shift+wheel, Shift+drag)"},
    KeyFacts{Command::kScrollUp, "Up, Page Up", "scroll lanes up (also the wheel)"},
    KeyFacts{Command::kScrollDown, "Down, Page Down", "scroll lanes down (also the wheel)"},
    KeyFacts{Command::kFit, "F", "show everything"},
    KeyFacts{Command::kZoomToSelection, "Z", "zoom to what is selected (also right drag)"},
    KeyFacts{Command::kUndoZoom, "Ctrl+Z", "back to the view before"},
    KeyFacts{Command::kRedoZoom, "Ctrl+Y, Ctrl+Shift+Z", "forth again"},
    KeyFacts{Command::kNextSlice, ".", "next slice on the lane"},
    KeyFacts{Command::kPreviousSlice, ",", "previous slice on the lane"},
    KeyFacts{Command::kProducer, "[", "to the task that released the selected one"},
    KeyFacts{Command::kConsumer, "]", "to the first task that it released"},
    KeyFacts{Command::kPartner, "M", "to the same task in the next trace"},
    KeyFacts{Command::kClear, "Esc", "select nothing"},
    KeyFacts{Command::kTaller, "+", "higher lanes"},
    KeyFacts{Command::kLower, "-", "lower lanes"},
    KeyFacts{Command::kBookmark, "B", "bookmark at the cursor"},
    KeyFacts{Command::kSearch, "/", "search; Enter and Shift+Enter go through what was found"},
    KeyFacts{Command::kPalette, "Ctrl+Shift+P", "all commands by name"},
    KeyFacts{Command::kHelp, "?", "this list"},
    KeyFacts{Command::kCriticalPath, "P", "critical path on and off"},
    KeyFacts{Command::kCounters, "C", "counters on and off"},
};

struct ByKey {
  int key;
  Command command;
};
constexpr std::array kPlain = {
    ByKey{Qt::Key_W, Command::kZoomIn},
    ByKey{Qt::Key_S, Command::kZoomOut},
    ByKey{Qt::Key_A, Command::kLeft},
    ByKey{Qt::Key_D, Command::kRight},
    ByKey{Qt::Key_Left, Command::kLeft},
    ByKey{Qt::Key_Right, Command::kRight},
    ByKey{Qt::Key_Up, Command::kScrollUp},
    ByKey{Qt::Key_Down, Command::kScrollDown},
    ByKey{Qt::Key_PageUp, Command::kScrollUp},
    ByKey{Qt::Key_PageDown, Command::kScrollDown},
    ByKey{Qt::Key_F, Command::kFit},
    ByKey{Qt::Key_Z, Command::kZoomToSelection},
    ByKey{Qt::Key_Period, Command::kNextSlice},
    ByKey{Qt::Key_Comma, Command::kPreviousSlice},
    ByKey{Qt::Key_BracketLeft, Command::kProducer},
    ByKey{Qt::Key_BracketRight, Command::kConsumer},
    ByKey{Qt::Key_M, Command::kPartner},
    ByKey{Qt::Key_Escape, Command::kClear},
    ByKey{Qt::Key_Plus, Command::kTaller},
    ByKey{Qt::Key_Equal, Command::kTaller},
    ByKey{Qt::Key_Minus, Command::kLower},
    ByKey{Qt::Key_B, Command::kBookmark},
    ByKey{Qt::Key_Slash, Command::kSearch},
    ByKey{Qt::Key_Question, Command::kHelp},
    ByKey{Qt::Key_P, Command::kCriticalPath},
    ByKey{Qt::Key_C, Command::kCounters},
};

// X11 and Wayland number keys by place: evdev's code + 8.
constexpr std::array kByPlace = {
    ByKey{17 + 8, Command::kZoomIn},
    ByKey{31 + 8, Command::kZoomOut},
    ByKey{30 + 8, Command::kLeft},
    ByKey{32 + 8, Command::kRight},
};

template <typename Table>
std::optional<Command> find(const Table& table, int key) {
  for (const ByKey& entry : table) {
    if (entry.key == key) return entry.command;
  }
  return std::nullopt;
}

}  // namespace

std::span<const KeyFacts> key_table() { return kTable; }

std::optional<Command> command_of(const QKeyEvent& event) {
  const Qt::KeyboardModifiers modifiers = event.modifiers() & ~Qt::KeypadModifier;
  const bool control = (modifiers & Qt::ControlModifier) != 0;
  const bool shift = (modifiers & Qt::ShiftModifier) != 0;
  if (control) {
    if (event.key() == Qt::Key_Z) return shift ? Command::kRedoZoom : Command::kUndoZoom;
    if (event.key() == Qt::Key_Y) return Command::kRedoZoom;
    if (event.key() == Qt::Key_P && shift) return Command::kPalette;
    return std::nullopt;
  }
  if ((modifiers & (Qt::AltModifier | Qt::MetaModifier)) != 0) return std::nullopt;
  if (event.nativeScanCode() != 0) {
    if (const auto command = find(kByPlace, static_cast<int>(event.nativeScanCode())))
      return command;
  }
  return find(kPlain, event.key());
}

}  // namespace mk::gui
