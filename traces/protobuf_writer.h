// Writes messages in protobuf's wire format: varints, fixed 64-bit values, and what has a length.
// The encoding is public (protobuf.dev/programming-guides/encoding); a library for these forty
// lines would be a dependency for every user of traces. Used inside traces/ only.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mk::protobuf {

class Message {
 public:
  void varint(std::uint32_t field, std::uint64_t value) {
    key(field, 0);
    raw_varint(value);
  }
  // As int64: negative numbers take ten bytes.
  void integer(std::uint32_t field, std::int64_t value) {
    varint(field, static_cast<std::uint64_t>(value));
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    key(field, 1);
    for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  void real(std::uint32_t field, double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    fixed64(field, bits);
  }
  void text(std::uint32_t field, std::string_view value) {
    key(field, 2);
    raw_varint(value.size());
    bytes_ += value;
  }
  void message(std::uint32_t field, const Message& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }
  bool is_empty() const { return bytes_.empty(); }
  void clear() { bytes_.clear(); }

 private:
  void key(std::uint32_t field, std::uint32_t wire_type) { raw_varint(field << 3 | wire_type); }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_{};
};

}  // namespace mk::protobuf
