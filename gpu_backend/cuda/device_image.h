// DeviceImage: many small tables in one piece of device memory, laid out on the host.
//
// Laid out twice by the same code: once to learn how many bytes it takes, once with the addresses
// that the tables have on the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace mk::cuda {

class DeviceImage {
 public:
  explicit DeviceImage(std::byte* base) : base_(base) {}

  // Copies the table into the image; its address on the device. Every table begins on a cache line
  // of its own.
  template <class T>
  T* add(std::span<const T> table) {
    const std::size_t offset = reserve(table.size_bytes());
    if (!table.empty()) std::memcpy(bytes_.data() + offset, table.data(), table.size_bytes());
    return reinterpret_cast<T*>(base_ + offset);
  }
  template <class T>
  T* add(const std::vector<T>& table) {
    return add(std::span<const T>(table));
  }
  template <class T>
  T* add(const T* table, std::size_t count) {
    return add(std::span<const T>(table, count));
  }
  // `count` values of zero bytes.
  template <class T>
  T* zeros(std::size_t count) {
    return reinterpret_cast<T*>(base_ + reserve(count * sizeof(T)));
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kLine = 128;

  std::size_t reserve(std::size_t bytes) {
    const std::size_t offset = (bytes_.size() + kLine - 1) / kLine * kLine;
    bytes_.resize(offset + (bytes > 0 ? bytes : 1));
    return offset;
  }

  std::byte* base_;
  std::vector<std::byte> bytes_{};
};

}  // namespace mk::cuda
