#include "core/record.h"

#include <array>

namespace mk {

std::string_view name_of(LaneKind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"worker", "scheduler", "link",
                                                      "stream", "api",       "nvtx"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace mk
