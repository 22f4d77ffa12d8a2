// Names of counter tracks that more than one part of the project knows.
#pragma once

#include <string_view>

namespace mk {

// Of a device, sampled by its hardware; a sample's value holds until the next.
inline constexpr std::string_view kDramReadTrack = "dram_read_gb_per_s";
inline constexpr std::string_view kDramWriteTrack = "dram_write_gb_per_s";
inline constexpr std::string_view kSmActiveTrack = "sm_active_percent";

}  // namespace mk
