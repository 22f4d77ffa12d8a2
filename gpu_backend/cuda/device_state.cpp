#include "gpu_backend/cuda/device_state.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace mk::cuda {
namespace {

// What of NVML's interface is used (nvml.h; stable since its version 2 functions).
using NvmlDevice = void*;
constexpr int kNvmlOk = 0;
constexpr int kClockOfSms = 1;
constexpr int kTemperatureOfGpu = 0;

struct ThrottleReason {
  std::uint64_t bit;
  std::string_view name;
};
// An idle device's bit is no reason to doubt a time.
constexpr std::uint64_t kIdle = 0x1;
constexpr std::array kReasons = {
    ThrottleReason{0x2, "application clocks"},    ThrottleReason{0x4, "power cap"},
    ThrottleReason{0x8, "hardware slowdown"},     ThrottleReason{0x10, "sync boost"},
    ThrottleReason{0x20, "software thermal"},     ThrottleReason{0x40, "hardware thermal"},
    ThrottleReason{0x80, "hardware power brake"}, ThrottleReason{0x100, "display clocks"}};

// The library, closed with its owner.
class Nvml {
 public:
  Nvml() {
    const char* const named = std::getenv("MEGASCOPE_NVML");
    path_ = named != nullptr ? named : "libnvidia-ml.so.1";
    handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  bool is_there() const { return handle_ != nullptr; }
  const std::string& path() const { return path_; }

  // False iff the function is not there or says no.
  template <class... Args>
  bool call(const char* name, Args... args) const {
    const auto function = reinterpret_cast<int (*)(Args...)>(::dlsym(handle_, name));
    return function != nullptr && function(args...) == kNvmlOk;
  }

 private:
  std::string path_{};
  void* handle_ = nullptr;
};

std::string both(const std::string& before, const std::string& after) {
  return before == after ? before : before + " " + after;
}

template <class T>
std::string text_of(const std::optional<T>& value, const std::string& problem) {
  return value ? fmt::format("{}", *value) : "unknown: " + problem;
}

}  // namespace

DeviceState read_device_state(const std::string& pci_address) {
  DeviceState state;
  const Nvml nvml;
  if (!nvml.is_there()) {
    state.problem = fmt::format("no {}", nvml.path());
    return state;
  }
  if (!nvml.call("nvmlInit_v2")) {
    state.problem = "NVML does not start";
    return state;
  }
  NvmlDevice device = nullptr;
  const bool found = pci_address.empty() ? nvml.call("nvmlDeviceGetHandleByIndex_v2", 0U, &device)
                                         : nvml.call("nvmlDeviceGetHandleByPciBusId_v2",
                                                     pci_address.c_str(), &device);
  unsigned value = 0;
  unsigned long long reasons = 0;
  if (found && nvml.call("nvmlDeviceGetClockInfo", device, kClockOfSms, &value)) {
    state.sm_clock_mhz = value;
  }
  if (found && nvml.call("nvmlDeviceGetTemperature", device, kTemperatureOfGpu, &value)) {
    state.temperature_c = value;
  }
  // The newer name first.
  if (found && (nvml.call("nvmlDeviceGetCurrentClocksEventReasons", device, &reasons) ||
                nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", device, &reasons))) {
    state.throttle_reasons = reasons;
  }
  static_cast<void>(nvml.call("nvmlShutdown"));
  if (!found) {
    state.problem = fmt::format("NVML knows no device {}", pci_address);
  } else if (!state.sm_clock_mhz || !state.temperature_c || !state.throttle_reasons) {
    state.problem = "NVML does not say";
  }
  return state;
}

std::string throttle_text(std::uint64_t reasons) {
  std::string text;
  std::uint64_t named = kIdle;
  for (const ThrottleReason& reason : kReasons) {
    named |= reason.bit;
    if ((reasons & reason.bit) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(reason.name);
  }
  if ((reasons & ~named) != 0) {
    text += fmt::format("{}bits {:#x}", text.empty() ? "" : ", ", reasons & ~named);
  }
  return text.empty() ? "none" : text;
}

void add_device_state(const DeviceState& before, const DeviceState& after,
                      std::map<std::string, std::string>& meta) {
  meta["sm_clock_mhz"] = both(text_of(before.sm_clock_mhz, before.problem),
                              text_of(after.sm_clock_mhz, after.problem));
  meta["temperature_c"] = both(text_of(before.temperature_c, before.problem),
                               text_of(after.temperature_c, after.problem));
  if (before.throttle_reasons && after.throttle_reasons) {
    meta["throttling"] = throttle_text(*before.throttle_reasons | *after.throttle_reasons);
  } else {
    meta["throttling"] = "unknown: " + (before.throttle_reasons ? after.problem : before.problem);
  }
}

}  // namespace mk::cuda
