#include "gui/model/alignment.h"

#include <algorithm>
#include <array>

namespace mk::gui {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"start", "iteration", "scale"};

double begin_of(const LoadedTrace& trace, std::uint32_t iteration) {
  const auto& iterations = trace.trace().iterations;
  if (iterations.empty()) return trace.range().start;
  const std::size_t at = std::min<std::size_t>(iteration, iterations.size() - 1);
  return static_cast<double>(iterations[at].start);
}

double end_of(const LoadedTrace& trace) {
  const auto& iterations = trace.trace().iterations;
  return iterations.empty() ? trace.range().end : static_cast<double>(trace.trace().end());
}

}  // namespace

std::string_view name_of(AlignBy by) { return kNames[static_cast<std::size_t>(by)]; }

std::optional<AlignBy> align_by_from_name(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<AlignBy>(found - kNames.begin());
}

TimeMap aligned(const LoadedTrace& first, const LoadedTrace& trace, const Alignment& alignment,
                std::size_t at) {
  TimeMap map;
  const std::uint32_t iteration = alignment.by == AlignBy::kIteration ? alignment.iteration : 0;
  if (alignment.by == AlignBy::kScale) {
    const double own = end_of(trace) - begin_of(trace, 0);
    const double wanted = end_of(first) - begin_of(first, 0);
    if (own > 0 && wanted > 0) map.scale = wanted / own;
  }
  map.offset = begin_of(first, iteration) - map.scale * begin_of(trace, iteration);
  if (at < alignment.shift_by_hand.size()) map.offset += alignment.shift_by_hand[at];
  return map;
}

}  // namespace mk::gui
