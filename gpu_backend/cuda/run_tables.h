// RunTables: a launch's tables on a device, and what it left in them.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "core/result.h"
#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/device_image.h"

namespace mk::cuda {

class RunTables {
 public:
  // Calls place(DeviceImage&) twice, for the size and then with the addresses, and copies the
  // tables to the current device. kDevice where there is not enough memory.
  template <class Place>
  Status upload(const Place& place) {
    DeviceImage size(nullptr);
    place(size);
    Result<DeviceBuffer> buffer = DeviceBuffer::allocate(size.bytes().size(), "the run's tables");
    if (!buffer) return tl::unexpected(buffer.error());
    buffer_ = std::move(*buffer);
    DeviceImage image(buffer_.data());
    place(image);
    return buffer_.write(0, image.bytes());
  }

  // Requires: `to` is an address in the tables on the device, with as many bytes behind it.
  Status write(const std::byte* to, std::span<const std::byte> from) {
    return buffer_.write(static_cast<std::size_t>(to - buffer_.data()), from);
  }

  Status read_back() {
    left_.resize(buffer_.bytes());
    return buffer_.read(0, left_);
  }

  const std::byte* base() const { return buffer_.data(); }
  // All bytes, as they were when they were read back; before that, none.
  const std::vector<std::byte>& left() const { return left_; }
  // Of what lies at `address` on the device, the copy here. Requires: read_back().
  template <class T>
  const T* left_at(const T* address) const {
    return reinterpret_cast<const T*>(
        left_.data() + (reinterpret_cast<const std::byte*>(address) - buffer_.data()));
  }

 private:
  DeviceBuffer buffer_{};
  std::vector<std::byte> left_{};
};

}  // namespace mk::cuda
