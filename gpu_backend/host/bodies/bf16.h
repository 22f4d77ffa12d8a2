// bfloat16 as it lies in memory: the upper half of a float. A type of its own, so that kernels are
// chosen by it; conversions are in gpu_backend/weights/element_types.h.
#pragma once

#include <cstdint>

namespace mk {

struct Bf16 {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Bf16, Bf16) = default;
};

}  // namespace mk
