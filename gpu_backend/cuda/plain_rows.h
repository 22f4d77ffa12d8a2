// The host backend keeps the rows of bf16 matrices paired (host/bodies/paired_rows.h); the device
// reads them in their natural order. Vectors (the norms' weights) and KV caches are never paired.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "gpu_backend/host/bodies/paired_rows.h"

namespace mk::cuda {

inline bool is_paired_on_host(const Tensor& tensor) {
  return tensor.role == TensorRole::kWeight && tensor.shape.rank >= 2;
}

// A bf16 weight of a ModelMemory, in natural order.
inline std::vector<std::byte> plain_rows(const Tensor& tensor, std::span<const std::byte> stored) {
  std::vector<std::byte> plain(stored.begin(), stored.end());
  if (!is_paired_on_host(tensor)) return plain;
  const std::int64_t length = tensor.shape.extent[tensor.shape.rank - 1];
  for (std::int64_t row = 0; row < tensor.shape.elements() / length; ++row) {
    const std::byte* const from = stored.data() + row * length * 2;
    std::byte* const to = plain.data() + row * length * 2;
    for (std::int64_t i = 0; i < length; ++i) {
      std::memcpy(to + 2 * i, from + 2 * paired_position(i, length), 2);
    }
  }
  return plain;
}

}  // namespace mk::cuda
