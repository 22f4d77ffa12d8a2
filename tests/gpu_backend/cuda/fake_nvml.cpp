// An NVML that answers as FAKE_NVML says: "CLOCK TEMPERATURE REASONS", or "none" for no device.
// Loaded by device_state_test through MEGASCOPE_NVML.
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Answers {
  unsigned clock = 0;
  unsigned temperature = 0;
  unsigned long long reasons = 0;
  bool has_device = false;
};

Answers answers() {
  Answers a;
  const char* const text = std::getenv("FAKE_NVML");
  a.has_device =
      text != nullptr && std::sscanf(text, "%u %u %llx", &a.clock, &a.temperature, &a.reasons) == 3;
  return a;
}

constexpr int kOk = 0;
constexpr int kNotFound = 6;

}  // namespace

extern "C" {
int nvmlInit_v2() { return kOk; }
int nvmlShutdown() { return kOk; }
int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device) {
  static char the_device = 0;
  *device = &the_device;
  return answers().has_device && std::strcmp(address, "0000:3b:00.0") == 0 ? kOk : kNotFound;
}
int nvmlDeviceGetClockInfo(void*, int type, unsigned* mhz) {
  *mhz = answers().clock;
  return type == 1 ? kOk : kNotFound;
}
int nvmlDeviceGetTemperature(void*, int, unsigned* celsius) {
  *celsius = answers().temperature;
  return kOk;
}
// Only the old name: as drivers before 535 have it.
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = answers().reasons;
  return kOk;
}
}
