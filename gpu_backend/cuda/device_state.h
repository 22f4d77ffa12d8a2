// DeviceState: how the GPU was doing while it was measured, by NVML, which comes with the driver.
//
// NVML is loaded when it is asked, never linked: programs start without a driver. Where it is not
// there, or refuses, `problem` says so, and nothing else is known.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace mk::cuda {

struct DeviceState {
  std::optional<std::uint32_t> sm_clock_mhz{};
  std::optional<std::uint32_t> temperature_c{};
  std::optional<std::uint64_t> throttle_reasons{};  // NVML's bits
  std::string problem{};                            // why something is not known; empty: all is
};

// The state of the device at that PCI address ("0000:3b:00.0"; empty: the first one). The library
// is $MEGASCOPE_NVML where that is set, else libnvidia-ml.so.1.
DeviceState read_device_state(const std::string& pci_address);

// "none", or NVML's words: "power cap, hardware slowdown".
std::string throttle_text(std::uint64_t reasons);

// Into a trace's metadata (traces/FORMAT.md): sm_clock_mhz, temperature_c, throttling; before and
// after the run, "1980 1965". Not known: what the problem was.
void add_device_state(const DeviceState& before, const DeviceState& after,
                      std::map<std::string, std::string>& meta);

}  // namespace mk::cuda
