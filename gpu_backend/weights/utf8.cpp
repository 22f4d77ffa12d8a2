#include "gpu_backend/weights/utf8.h"

namespace mk {

namespace {

struct Lead {
  std::size_t length;        // of the whole sequence; 0: no lead byte
  unsigned char second_min;  // narrower than 0x80 .. 0xbf where overlong forms, surrogates or >
                             // U+10FFFF would begin
  unsigned char second_max;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2 || byte > 0xf4) return {0, 0, 0};
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {4, 0x80, 0xbf};
}

struct Sequence {
  std::size_t length;  // of the valid character, or of the part to replace
  bool is_valid;
};

// Requires: bytes is not empty.
Sequence first_sequence(std::string_view bytes) {
  const Lead lead = lead_of(static_cast<unsigned char>(bytes[0]));
  if (lead.length == 0) return {1, false};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == bytes.size()) return {i, false};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const unsigned char lowest = i == 1 ? lead.second_min : 0x80;
    const unsigned char highest = i == 1 ? lead.second_max : 0xbf;
    if (byte < lowest || byte > highest) return {i, false};
  }
  return {lead.length, true};
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view bytes) {
  std::size_t position = 0;
  while (position < bytes.size()) {
    const Sequence sequence = first_sequence(bytes.substr(position));
    if (!sequence.is_valid) break;
    position += sequence.length;
  }
  return position;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string result;
  while (!bytes.empty()) {
    const Sequence sequence = first_sequence(bytes);
    result +=
        sequence.is_valid ? bytes.substr(0, sequence.length) : std::string_view("\xef\xbf\xbd");
    bytes.remove_prefix(sequence.length);
  }
  return result;
}

}  // namespace mk
