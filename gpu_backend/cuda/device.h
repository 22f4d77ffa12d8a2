// The GPU as the CUDA runtime gives it: what it is, its memory, its errors as Results.
//
// libcuda is never linked: programs start on machines without a driver, and open() says so.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk::cuda {

// kDevice, "WHAT: the runtime's words", iff the call failed.
Status checked(cudaError_t code, std::string_view what);

struct Device {
  int number = 0;
  std::string pci_address{};
  std::string name{};
  int compute_major = 0;
  int compute_minor = 0;
  std::uint32_t sms = 0;
  std::size_t shared_bytes_per_block = 0;  // that a block may ask for
  std::size_t memory_bytes = 0;
  std::size_t free_bytes = 0;
  std::size_t l2_bytes = 0;
  int driver_version = 0;
  int runtime_version = 0;

  // The device of that number; it is the current one of this thread then. One line each for: no
  // driver, a driver too old for this build, no device, too few, a device that this build has no
  // code for, a device that is taken.
  [[nodiscard]] static Result<Device> open(int number = 0);

  // Calls of this thread that name no device are about this one from here on.
  Status make_current() const;
};

// Devices that this process sees; 0 where there is no driver.
std::uint32_t device_count();

// The first `count` devices, each of which reaches the memory of every other: kDevice, naming the
// two, where one cannot, or not with atomics.
[[nodiscard]] Result<std::vector<Device>> open_peers(std::uint32_t count);

// From here on nothing is freed any more: a kernel that does not end would be waited for. For
// whoever found out; any thread.
void give_up_device();

// Memory of the device, freed with its owner.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // kDevice with both numbers iff there is not enough.
  [[nodiscard]] static Result<DeviceBuffer> allocate(std::size_t bytes, std::string_view what);

  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  // Whole copies, finished when they return. Require: offset + size within the buffer.
  Status write(std::size_t offset, std::span<const std::byte> from);
  Status read(std::size_t offset, std::span<std::byte> to) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace mk::cuda
