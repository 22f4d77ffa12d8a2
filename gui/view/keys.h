// The keys of the timeline: one table, which the handler, the help window and the tests read.
#pragma once

#include <QKeyEvent>
#include <QString>
#include <cstdint>
#include <optional>
#include <span>

namespace mk::gui {

enum class Command : std::uint8_t {
  kZoomIn,
  kZoomOut,
  kLeft,
  kRight,
  kScrollUp,
  kScrollDown,
  kFit,
  kZoomToSelection,
  kUndoZoom,
  kRedoZoom,
  kNextSlice,
  kPreviousSlice,
  kProducer,
  kConsumer,
  kPartner,
  kClear,
  kTaller,
  kLower,
  kBookmark,
  kSearch,
  kPalette,
  kHelp,
  kCriticalPath,
  kCounters,
};

struct KeyFacts {
  Command command;
  const char* keys;  // for people
  const char* meaning;
};
std::span<const KeyFacts> key_table();

// What the key asks for; none iff nothing. WASD count by their place on the keyboard where the
// system tells it, so that they lie together on every layout.
std::optional<Command> command_of(const QKeyEvent& event);

}  // namespace mk::gui
