#include "gpu_backend/host/bodies/experts.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mk {
namespace {

// Whether expert a comes before expert b in a token's order of preference.
bool comes_first(const float* logits, std::int32_t a, std::int32_t b) {
  if (std::isnan(logits[a]) != std::isnan(logits[b])) return std::isnan(logits[b]);
  if (logits[a] > logits[b]) return true;
  return !(logits[a] < logits[b]) && a < b;
}

// `order`: all experts, in any order.
void route_token(const RouterArgs& a, std::int64_t token, std::vector<std::int32_t>& order) {
  const float* logits = a.logits + token * a.logits_stride;
  std::int32_t* expert = a.expert + token * a.top_k;
  float* weight = a.weight + token * a.top_k;
  std::partial_sort(
      order.begin(), order.begin() + a.top_k, order.end(),
      [&](std::int32_t left, std::int32_t right) { return comes_first(logits, left, right); });
  std::copy_n(order.begin(), a.top_k, expert);
  const float largest = logits[expert[0]];
  float total = 0;
  for (std::int64_t j = 0; j < a.top_k; ++j) {
    weight[j] = std::exp(logits[expert[j]] - largest);
    total += weight[j];
  }
  if (!a.normalises) {
    total = 0;
    for (std::int64_t e = 0; e < a.experts; ++e) total += std::exp(logits[e] - largest);
  }
  for (std::int64_t j = 0; j < a.top_k; ++j) weight[j] /= total;
}

}  // namespace

void route(const RouterArgs& a) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(a.experts));
  for (std::size_t e = 0; e < order.size(); ++e) order[e] = static_cast<std::int32_t>(e);
  for (std::int64_t token = 0; token < a.tokens; ++token) route_token(a, token, order);
  std::vector<bool> is_chosen(order.size());
  for (std::int64_t i = 0; i < a.tokens * a.top_k; ++i) {
    is_chosen[static_cast<std::size_t>(a.expert[i])] = true;
  }
  std::int32_t count = 0;
  for (std::size_t e = 0; e < is_chosen.size(); ++e) {
    if (is_chosen[e]) a.activated[count++] = static_cast<std::int32_t>(e);
  }
  a.activated[a.experts] = count;
}

void weighted_sum(const WeightedSumArgs& a) {
  for (std::int64_t token = 0; token < a.tokens; ++token) {
    const std::int64_t at = token * a.width + a.column;
    float* out = a.out + at;
    for (std::int64_t i = 0; i < a.columns; ++i) {
      out[i] = a.residual == nullptr ? 0.0F : a.residual[at + i];
    }
    for (std::int64_t j = 0; j < a.top_k; ++j) {
      const std::int64_t choice = token * a.top_k + j;
      const float* y = a.y + choice * a.width + a.column;
      for (std::int64_t i = 0; i < a.columns; ++i) out[i] += a.weight[choice] * y[i];
    }
  }
}

}  // namespace mk
