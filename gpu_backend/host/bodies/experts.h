// The arithmetic of a mixture of experts that needs no vectors: the router's choice, and the sum of
// what its experts gave. Their linears are those of kernels.h. Plain pointers; rows are tokens.
//
// Any number of threads may call any function at once, provided that their outputs do not overlap.
#pragma once

#include <cstdint>

namespace mk {

// For each token: the top_k experts of the largest logits, the first of equals first, and their
// softmax weights. And which experts anybody chose, in order of their numbers, with how many they
// are at activated[experts]. Logits that are no number are chosen last.
struct RouterArgs {
  const float* logits = nullptr;
  std::int32_t* expert = nullptr;     // [tokens, top_k]
  float* weight = nullptr;            // [tokens, top_k]
  std::int32_t* activated = nullptr;  // [experts + 1]
  std::int64_t logits_stride = 0;
  std::int64_t experts = 0;
  std::int64_t top_k = 0;
  std::int64_t tokens = 0;
  bool normalises = true;  // the weights of a token's choices sum to 1, else those of all experts
};
void route(const RouterArgs& args);

// out[t][i] = (residual[t][i] +) sum over j of weight[t][j] y[t][j][i], for columns
// [column, column + columns).
struct WeightedSumArgs {
  const float* y = nullptr;       // [tokens, top_k, width]
  const float* weight = nullptr;  // [tokens, top_k]
  const float* residual = nullptr;
  float* out = nullptr;  // [tokens, width], and so is the residual
  std::int64_t width = 0;
  std::int64_t top_k = 0;
  std::int64_t tokens = 0;
  std::int64_t column = 0;
  std::int64_t columns = 0;
};
void weighted_sum(const WeightedSumArgs& args);

}  // namespace mk
