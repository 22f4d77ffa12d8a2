// How the time axes of several traces are laid over each other. The first trace keeps its own time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gui/model/loaded_trace.h"
#include "gui/timeline/time_window.h"

namespace mk::gui {

enum class AlignBy : std::uint8_t {
  kStart,      // first iterations begin together
  kIteration,  // a chosen iteration begins together
  kScale,      // begin and end together, so that shapes compare whatever the speed
};
std::string_view name_of(AlignBy by);
std::optional<AlignBy> align_by_from_name(std::string_view name);

struct Alignment {
  AlignBy by = AlignBy::kStart;
  std::uint32_t iteration = 0;          // of kIteration; the last one where there are fewer
  std::vector<double> shift_by_hand{};  // ns on the axis, by trace; missing: 0
};

// The map of trace number `at`, laid over `first`.
TimeMap aligned(const LoadedTrace& first, const LoadedTrace& trace, const Alignment& alignment,
                std::size_t at);

}  // namespace mk::gui
