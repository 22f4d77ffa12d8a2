#include "gpu_backend/weights/element_types.h"

#include <array>
#include <cstring>

#include "core/check.h"

namespace mk {

namespace {

struct TypeRow {
  ElementType type;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array<TypeRow, 3> kTypes = {{{ElementType::kBf16, "BF16", 2},
                                            {ElementType::kF16, "F16", 2},
                                            {ElementType::kF32, "F32", 4}}};

const TypeRow& row(ElementType type) { return kTypes[static_cast<std::size_t>(type)]; }

// A half is a float with another exponent bias: shift it into place and multiply by 2^(127 - 15).
// That also normalises subnormals. Infinity and NaN come out as 2^16 or more, and get the exponent
// of all ones back.
float half_to_float(std::uint16_t half) {
  const std::uint32_t magnitude = (half & 0x7fffu) << 13;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  const std::uint32_t special = scaled >= 0x1p16f ? 0x7f800000u : 0u;
  const std::uint32_t sign = (half & 0x8000u) << 16;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | special | sign);
}

// A load that needs no alignment; compilers make it one instruction, and vectorise loops over it.
template <typename T>
T load(const std::byte* source, std::size_t index) {
  T value;
  std::memcpy(&value, source + index * sizeof(T), sizeof(T));
  return value;
}

// Calls write(i, element i as float) for all elements. The switch is outside of the loops.
template <typename Write>
void for_each_as_float(ElementType type, const std::byte* source, std::size_t count, Write write) {
  switch (type) {
    case ElementType::kBf16:
      for (std::size_t i = 0; i < count; ++i) {
        write(i, bf16_to_float(load<std::uint16_t>(source, i)));
      }
      return;
    case ElementType::kF16:
      for (std::size_t i = 0; i < count; ++i) {
        write(i, half_to_float(load<std::uint16_t>(source, i)));
      }
      return;
    case ElementType::kF32:
      for (std::size_t i = 0; i < count; ++i) write(i, load<float>(source, i));
      return;
  }
}

}  // namespace

std::size_t element_bytes(ElementType type) { return row(type).bytes; }

std::string_view to_string(ElementType type) { return row(type).name; }

std::optional<ElementType> element_type_from(std::string_view name) {
  for (const TypeRow& candidate : kTypes) {
    if (candidate.name == name) return candidate.type;
  }
  return std::nullopt;
}

void convert_to_float(ElementType type, std::span<const std::byte> source,
                      std::span<float> target) {
  MK_CHECK(source.size() == target.size() * element_bytes(type),
           "source and target hold as many elements");
  float* out = target.data();
  for_each_as_float(type, source.data(), target.size(),
                    [out](std::size_t i, float value) { out[i] = value; });
}

void convert_to_bf16(ElementType type, std::span<const std::byte> source,
                     std::span<std::uint16_t> target) {
  MK_CHECK(source.size() == target.size() * element_bytes(type),
           "source and target hold as many elements");
  if (type == ElementType::kBf16) {
    if (!source.empty()) std::memcpy(target.data(), source.data(), source.size());
    return;
  }
  std::uint16_t* out = target.data();
  for_each_as_float(type, source.data(), target.size(),
                    [out](std::size_t i, float value) { out[i] = float_to_bf16(value); });
}

void convert_to_bf16(std::span<const float> source, std::span<std::uint16_t> target) {
  convert_to_bf16(ElementType::kF32, std::as_bytes(source), target);
}

}  // namespace mk
