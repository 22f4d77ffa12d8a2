// bf16 values and 16-byte loads, for host and device alike.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/host_device.h"

#if defined(__CUDACC__)
#define MK_INLINE __host__ __device__ __forceinline__
#else
#define MK_INLINE inline __attribute__((always_inline))
#endif

namespace mk::cuda {

struct Bf16 {
  std::uint16_t bits = 0;
};

MK_INLINE float bits_to_float(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

MK_INLINE std::uint32_t float_to_bits(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

MK_INLINE float to_float(Bf16 value) {
  return bits_to_float(static_cast<std::uint32_t>(value.bits) << 16);
}

// Nearest, ties to even; NaN stays NaN.
MK_INLINE Bf16 to_bf16(float value) {
  const std::uint32_t bits = float_to_bits(value);
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return {static_cast<std::uint16_t>((is_nan ? bits | 0x400000U : rounded) >> 16)};
}

// Two bf16 numbers as a little-endian word.
MK_INLINE std::uint32_t to_bf16_pair(float low, float high) {
#if defined(__CUDA_ARCH__)
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return to_bf16(low).bits | static_cast<std::uint32_t>(to_bf16(high).bits) << 16;
#endif
}

// N floats that one instruction loads.
template <int N>
struct Floats {
  float at[N];
};

// Vector loads. Require: `p` aligned to what is loaded.
template <class T, class U>
MK_INLINE T load_as(const U* p) {
#if defined(__CUDA_ARCH__)
  return *reinterpret_cast<const T*>(p);
#else
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
#endif
}

struct alignas(16) Words4 {
  std::uint32_t at[4];
};
struct alignas(8) Words2 {
  std::uint32_t at[2];
};
struct alignas(16) Float4 {
  float at[4];
};

MK_INLINE void store_quad(float* p, const Float4& v) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<Float4*>(p) = v;
#else
  std::memcpy(p, &v, sizeof v);
#endif
}

// The two bf16 values of a little-endian word.
MK_INLINE float low_float(std::uint32_t pair) { return bits_to_float(pair << 16); }
MK_INLINE float high_float(std::uint32_t pair) { return bits_to_float(pair & 0xffff0000U); }

// Two floats as the sum of two bf16 numbers each.
struct SplitPair {
  std::uint32_t first;
  std::uint32_t second;
};
MK_INLINE SplitPair split_pair(float low, float high) {
  const std::uint32_t first = to_bf16_pair(low, high);
  return {first, to_bf16_pair(low - low_float(first), high - high_float(first))};
}

MK_INLINE Floats<4> widen(const Words2& w) {
  return {{low_float(w.at[0]), high_float(w.at[0]), low_float(w.at[1]), high_float(w.at[1])}};
}
MK_INLINE Floats<4> load_bf16x4(const Bf16* p) { return widen(load_as<Words2>(p)); }

MK_INLINE Floats<8> widen(const Words4& w) {
  return {{low_float(w.at[0]), high_float(w.at[0]), low_float(w.at[1]), high_float(w.at[1]),
           low_float(w.at[2]), high_float(w.at[2]), low_float(w.at[3]), high_float(w.at[3])}};
}

}  // namespace mk::cuda
