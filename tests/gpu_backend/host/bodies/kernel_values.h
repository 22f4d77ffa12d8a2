// Values for the tests of kernels, in both weight types, and the instruction sets to test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gpu_backend/host/bodies/kernels.h"
#include "gpu_backend/weights/element_types.h"

namespace mk::kernel_test {

inline float widen(float value) { return value; }
inline float widen(Bf16 value) { return bf16_to_float(value.bits); }

template <typename W>
W narrow(float value);
template <>
inline float narrow<float>(float value) {
  return value;
}
template <>
inline Bf16 narrow<Bf16>(float value) {
  return {float_to_bf16(value)};
}

// Numbers in [-1, 1) that depend on `seed` and the index alone.
template <typename W = float>
std::vector<W> numbers(std::int64_t count, std::uint32_t seed) {
  std::vector<W> values;
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    values.push_back(narrow<W>(static_cast<float>(state >> 8) * 0x1p-23F - 1.0F));
  }
  return values;
}

class EachIsa : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};

inline std::string isa_name(const testing::TestParamInfo<Isa>& info) {
  return std::string(name_of(info.param));
}

}  // namespace mk::kernel_test
