// FNV-1a, 64 bit: the one hash of the project that leaves a process (graph hashes, file checksums).
// Integers are hashed as little endian bytes, whatever the machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace mk {

class Fnv1a {
 public:
  void add_bytes(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) hash_ = (hash_ ^ bytes[i]) * 1099511628211ull;
  }
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) {
    static_assert(std::endian::native == std::endian::little);
    add_bytes(&value, sizeof value);
  }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(std::string_view text) {  // with its length: "a","bc" differs from "ab","c"
    add(static_cast<std::uint64_t>(text.size()));
    add_bytes(text.data(), text.size());
  }
  template <typename T>
  void add_column(std::span<const T> values) {
    add(static_cast<std::uint64_t>(values.size()));
    add_bytes(values.data(), values.size_bytes());
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037ull;
};

}  // namespace mk
