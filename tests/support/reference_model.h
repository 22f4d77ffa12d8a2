// ReferenceModel: the forward pass of a Llama, Qwen3 or Qwen3-MoE model in double precision,
// written from the model's definition in Hugging Face's layout, for tests. It has nothing in common
// with the task bodies but the weights: no cache, no tiles, no fused layouts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/tensor.h"
#include "gpu_backend/weights/weight_source.h"

namespace mk {

class ReferenceModel {
 public:
  // Weights as `provider` has them, rounded to `dtype` (kF32, kBf16).
  [[nodiscard]] static Result<ReferenceModel> load(const ModelConfig& config,
                                                   const WeightProvider& provider, DType dtype);

  // Logits [tokens.size(), vocabulary] of the whole sequence.
  std::vector<double> logits(std::span<const std::uint32_t> tokens) const;

 private:
  using Values = std::vector<double>;
  struct Mlp {
    Values gate, up, down;
  };
  struct Layer {
    Values input_norm, q, k, v, q_norm, k_norm, o, post_norm;
    Values router;  // empty: one expert, which has every token
    std::vector<Mlp> experts;
  };

  explicit ReferenceModel(const ModelConfig& config) : config_(config) {}
  Values norm(const Values& x, const Values& weight) const;
  Values experts(const Layer& layer, const Values& x) const;
  void rotate(double* head, std::int64_t position) const;
  Values attention(const Layer& layer, const std::vector<Values>& inputs, std::size_t token) const;
  Values heads_of(const Values& matrix, const Values& x, const Values& head_norm,
                  std::int64_t position, bool turned) const;

  ModelConfig config_;
  Values embedding_{};
  Values final_norm_{};
  Values output_{};
  std::vector<Layer> layers_{};
};

}  // namespace mk
