// The element types that weights have on disk, and the conversions between them and float.
//
// Every conversion to float is exact. To bf16: round to nearest, ties to even; NaN stays NaN.
// Sources need no alignment, since a safetensors file gives none. Pure functions; the loops are
// written so that compilers vectorise them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mk {

enum class ElementType : std::uint8_t { kBf16, kF16, kF32 };

// 2 or 4.
std::size_t element_bytes(ElementType type);

// As in safetensors: "BF16", "F16", "F32".
std::string_view to_string(ElementType type);
std::optional<ElementType> element_type_from(std::string_view name);

constexpr float bf16_to_float(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

constexpr std::uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<std::uint16_t>((is_nan ? bits | 0x400000u : rounded) >> 16);
}

// Reads target.size() elements of `type` from `source`. Requires: source.size() == target.size() *
// element_bytes(type).
void convert_to_float(ElementType type, std::span<const std::byte> source, std::span<float> target);

// The same to bf16; elements of f16 and f32 are rounded.
void convert_to_bf16(ElementType type, std::span<const std::byte> source,
                     std::span<std::uint16_t> target);

// Requires: source.size() == target.size().
void convert_to_bf16(std::span<const float> source, std::span<std::uint16_t> target);

}  // namespace mk
