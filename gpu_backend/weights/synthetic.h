// Synthetic weights: every element is a pure function of (seed, tensor name, shape, index).
//
// So the host, a GPU, Python and a file written by `megascope weights` hold the same bits, any
// range of a tensor can be made alone, and any number of threads may share one SyntheticTensor.
// Values are bf16 numbers, so f32 and bf16 runs use the same weights. The formula (u32, u64:
// unsigned arithmetic modulo 2^32, 2^64; >> of an i32 keeps the sign; * binds before ^):
//
//   mix32(u32 x):   x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
//   name hash h:    u64 h = 0xcbf29ce484222325; for each byte b of the UTF-8 name: h = (h ^ b) *
//   0x100000001b3    (FNV-1a) keys:           u64 k = h ^ seed * 0x9e3779b97f4a7c15
//                   u32 k0 = mix32(low 32 bits of k);  u32 k1 = mix32(high 32 bits of k ^ k0)
//   element i:      u32 b = mix32(mix32(low 32 bits of i ^ k0) + k1 + (high 32 bits of i) *
//   0x9e3779b9)
//                   i32 s = (i32)b >> 8                                     uniform in -2^23 ..
//                   2^23 - 1
//   value:          f32 v = s * scale + offset;  the weight is v rounded to bf16 (nearest, ties to
//   even) name ends with "norm.weight":  scale = 2^-25, offset = 1                uniform in
//   [0.75, 1.25) else:           scale = (f32)sqrt(3.0 / n) * 2^-23, offset = 0         uniform,
//   variance 1 / n; n = last dimension (1 for
//                   a scalar; sqrt and division in f64, then rounded to f32)
// The product s * scale, rounded to f32, is v where offset is 0; where it is 1 the product is exact
// and the sum is rounded: one rounding to f32 in both cases, so fused multiply-add changes nothing.
#pragma once

#include <cstdint>
#include <span>

#include "gpu_backend/weights/safetensors_header.h"

namespace mk {

// The stream of one tensor: four numbers that a device kernel can take as arguments.
struct SyntheticTensor {
  std::uint32_t key0 = 0;
  std::uint32_t key1 = 0;
  float scale = 0;
  float offset = 0;

  friend bool operator==(const SyntheticTensor&, const SyntheticTensor&) = default;
};

// Uses the name and the last dimension of `spec`, not its type.
SyntheticTensor make_synthetic_tensor(std::uint64_t seed, const TensorSpec& spec);

// Elements first .. first + target.size() - 1 of the row-major tensor.
void fill_synthetic(const SyntheticTensor& tensor, std::uint64_t first, std::span<float> target);
void fill_synthetic(const SyntheticTensor& tensor, std::uint64_t first,
                    std::span<std::uint16_t> target_bf16);

}  // namespace mk
