#include "gpu_backend/host/bodies/rope.h"

#include <cmath>
#include <numbers>

#include "core/check.h"

namespace mk {

double rope_frequency(const AttentionParams& params, std::int64_t i) {
  const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(params.head_dim);
  const double frequency = std::pow(params.rope_theta, exponent);
  if (!params.rope_scaling) return frequency;
  const RopeScaling& scaling = *params.rope_scaling;
  const double turns =
      static_cast<double>(scaling.original_context) * frequency / (2 * std::numbers::pi);
  if (turns < scaling.low_frequency_factor) return frequency / scaling.factor;
  if (turns > scaling.high_frequency_factor) return frequency;
  const double smooth = (turns - scaling.low_frequency_factor) /
                        (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

std::vector<float> rope_table(const AttentionParams& params, std::int64_t positions) {
  MK_CHECK(params.head_dim % 2 == 0, "RoPE turns pairs");
  const std::int64_t half = params.head_dim / 2;
  std::vector<float> table(static_cast<std::size_t>(positions * params.head_dim));
  for (std::int64_t i = 0; i < half; ++i) {
    const double frequency = rope_frequency(params, i);
    for (std::int64_t position = 0; position < positions; ++position) {
      const double angle = static_cast<double>(position) * frequency;
      float* row = table.data() + position * params.head_dim;
      row[i] = static_cast<float>(std::cos(angle));
      row[half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

}  // namespace mk
