#include "gpu_backend/weights/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "gpu_backend/weights/element_types.h"

namespace mk {

namespace {

constexpr std::uint64_t kSeedFactor = 0x9e3779b97f4a7c15;
constexpr std::uint32_t kHighFactor = 0x9e3779b9;

// An integer hash with low bias; the two factors are those of Chris Wellons' lowbias32 (public
// domain).
[[gnu::always_inline]] inline std::uint32_t mix32(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

std::uint64_t hash_of_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// `high_key` is key1 plus what the high half of the index adds.
[[gnu::always_inline]] inline std::uint16_t element(const SyntheticTensor& tensor,
                                                    std::uint32_t high_key, std::uint32_t low) {
  const std::uint32_t bits = mix32(mix32(low ^ tensor.key0) + high_key);
  const std::int32_t s = static_cast<std::int32_t>(bits) >> 8;
  return float_to_bf16(static_cast<float>(s) * tensor.scale + tensor.offset);
}

void store(std::uint16_t value, std::uint16_t& target) { target = value; }
void store(std::uint16_t value, float& target) { target = bf16_to_float(value); }

// Requires: the indices share their high half. One body for all instruction sets; inlined into the
// functions below.
template <typename T>
[[gnu::always_inline]] inline void fill_run(const SyntheticTensor& tensor, std::uint64_t first,
                                            T* target, std::size_t count) {
  const std::uint32_t high_key =
      tensor.key1 + static_cast<std::uint32_t>(first >> 32) * kHighFactor;
  const auto low = static_cast<std::uint32_t>(first);
  for (std::size_t i = 0; i < count; ++i) {
    store(element(tensor, high_key, low + static_cast<std::uint32_t>(i)), target[i]);
  }
}

template <typename T>
void fill_run_portable(const SyntheticTensor& tensor, std::uint64_t first, T* target,
                       std::size_t count) {
  fill_run(tensor, first, target, count);
}

#if defined(__x86_64__)
// Without 32-bit vector multiplication (SSE2) the hash is five times slower.
template <typename T>
[[gnu::target("avx2")]] void fill_run_avx2(const SyntheticTensor& tensor, std::uint64_t first,
                                           T* target, std::size_t count) {
  fill_run(tensor, first, target, count);
}
#endif

template <typename T>
void fill(const SyntheticTensor& tensor, std::uint64_t first, std::span<T> target) {
  auto run = &fill_run_portable<T>;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) run = &fill_run_avx2<T>;
#endif
  while (!target.empty()) {
    const std::uint64_t to_next_high_half = (std::uint64_t{1} << 32) - (first & 0xffffffffu);
    const std::size_t count = std::min<std::size_t>(target.size(), to_next_high_half);
    run(tensor, first, target.data(), count);
    target = target.subspan(count);
    first += count;
  }
}

}  // namespace

SyntheticTensor make_synthetic_tensor(std::uint64_t seed, const TensorSpec& spec) {
  const std::uint64_t key = hash_of_name(spec.name) ^ seed * kSeedFactor;
  SyntheticTensor tensor;
  tensor.key0 = mix32(static_cast<std::uint32_t>(key));
  tensor.key1 = mix32(static_cast<std::uint32_t>(key >> 32) ^ tensor.key0);
  if (spec.name.ends_with("norm.weight")) {
    tensor.scale = 0x1p-25f;
    tensor.offset = 1.0f;
  } else {
    const double fan_in = spec.shape.empty() ? 1.0 : static_cast<double>(spec.shape.back());
    tensor.scale = static_cast<float>(std::sqrt(3.0 / fan_in)) * 0x1p-23f;
  }
  return tensor;
}

void fill_synthetic(const SyntheticTensor& tensor, std::uint64_t first, std::span<float> target) {
  fill(tensor, first, target);
}

void fill_synthetic(const SyntheticTensor& tensor, std::uint64_t first,
                    std::span<std::uint16_t> target_bf16) {
  fill(tensor, first, target_bf16);
}

}  // namespace mk
