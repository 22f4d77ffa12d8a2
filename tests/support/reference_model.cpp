#include "tests/support/reference_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

namespace mk {
namespace {

using Values = std::vector<double>;

// y = W x, W row major.
Values multiply(const Values& matrix, const Values& x) {
  Values y(matrix.size() / x.size());
  for (std::size_t r = 0; r < y.size(); ++r) {
    for (std::size_t i = 0; i < x.size(); ++i) y[r] += matrix[r * x.size() + i] * x[i];
  }
  return y;
}

// softmax of what the router gave, the top_k largest kept, the first of equals.
Values chosen_shares(const MoeConfig& moe, const Values& logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t e) { return logits[e]; });
  Values share(logits.size());
  double all = 0;
  for (const double logit : logits) all += std::exp(logit - logits[order[0]]);
  double kept = 0;
  for (std::size_t j = 0; j < static_cast<std::size_t>(moe.top_k); ++j) {
    share[order[j]] = std::exp(logits[order[j]] - logits[order[0]]) / all;
    kept += share[order[j]];
  }
  if (moe.normalise_top_k) {
    for (double& s : share) s /= kept;
  }
  return share;
}

class Loader {
 public:
  Loader(const WeightProvider& provider, DType dtype) : provider_(provider), dtype_(dtype) {}

  Values operator()(const std::string& name, std::vector<std::int64_t> shape) {
    const Result<WeightTensor> tensor = provider_.tensor({.name = name, .shape = shape});
    if (!tensor) {
      if (!error_) error_ = tensor.error();
      return {};
    }
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    std::vector<float> values(count);
    tensor->read(0, values);
    if (dtype_ == DType::kBf16) {
      std::vector<std::uint16_t> rounded(count);
      tensor->read(0, rounded);
      for (std::size_t i = 0; i < count; ++i) values[i] = bf16_to_float(rounded[i]);
    }
    return {values.begin(), values.end()};
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  const WeightProvider& provider_;
  DType dtype_;
  std::optional<Error> error_{};
};

}  // namespace

Result<ReferenceModel> ReferenceModel::load(const ModelConfig& c, const WeightProvider& provider,
                                            DType dtype) {
  ReferenceModel model(c);
  Loader read(provider, dtype);
  const std::int64_t q_rows = c.heads * c.head_dim;
  const std::int64_t kv_rows = c.kv_heads * c.head_dim;
  model.embedding_ = read("model.embed_tokens.weight", {c.vocabulary, c.hidden});
  model.final_norm_ = read("model.norm.weight", {c.hidden});
  model.output_ =
      c.tied_embeddings ? model.embedding_ : read("lm_head.weight", {c.vocabulary, c.hidden});
  for (std::int64_t l = 0; l < c.layers; ++l) {
    const auto name = [&](const std::string& part) {
      return fmt::format("model.layers.{}.{}.weight", l, part);
    };
    Layer layer;
    layer.input_norm = read(name("input_layernorm"), {c.hidden});
    layer.q = read(name("self_attn.q_proj"), {q_rows, c.hidden});
    layer.k = read(name("self_attn.k_proj"), {kv_rows, c.hidden});
    layer.v = read(name("self_attn.v_proj"), {kv_rows, c.hidden});
    if (c.has_qk_norm()) {
      layer.q_norm = read(name("self_attn.q_norm"), {c.head_dim});
      layer.k_norm = read(name("self_attn.k_norm"), {c.head_dim});
    }
    layer.o = read(name("self_attn.o_proj"), {c.hidden, q_rows});
    layer.post_norm = read(name("post_attention_layernorm"), {c.hidden});
    if (c.moe) layer.router = read(name("mlp.gate"), {c.moe->experts, c.hidden});
    const std::int64_t width = c.moe ? c.moe->intermediate : c.intermediate;
    for (std::int64_t e = 0; e < (c.moe ? c.moe->experts : 1); ++e) {
      const std::string mlp = c.moe ? fmt::format("mlp.experts.{}.", e) : "mlp.";
      layer.experts.push_back({read(name(mlp + "gate_proj"), {width, c.hidden}),
                               read(name(mlp + "up_proj"), {width, c.hidden}),
                               read(name(mlp + "down_proj"), {c.hidden, width})});
    }
    model.layers_.push_back(std::move(layer));
  }
  if (read.error()) return tl::unexpected(*read.error());
  return model;
}

ReferenceModel::Values ReferenceModel::norm(const Values& x, const Values& weight) const {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double root = std::sqrt(squares / static_cast<double>(x.size()) + config_.epsilon);
  Values y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(x[i] / root * weight[i]);
  return y;
}

ReferenceModel::Values ReferenceModel::experts(const Layer& layer, const Values& x) const {
  const Values share =
      config_.moe ? chosen_shares(*config_.moe, multiply(layer.router, x)) : Values{1};
  Values y(x.size());
  for (std::size_t e = 0; e < layer.experts.size(); ++e) {
    if (share[e] == 0) continue;
    Values gate = multiply(layer.experts[e].gate, x);
    const Values up = multiply(layer.experts[e].up, x);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
    const Values down = multiply(layer.experts[e].down, gate);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += share[e] * down[i];
  }
  return y;
}

// transformers: modeling_rope_utils, `default` and `llama3`; rotate_half.
void ReferenceModel::rotate(double* head, std::int64_t position) const {
  const std::int64_t half = config_.head_dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    double inverse = 1.0 / std::pow(config_.rope_theta, static_cast<double>(2 * i) /
                                                            static_cast<double>(config_.head_dim));
    if (config_.rope_scaling) {
      const RopeScaling& s = *config_.rope_scaling;
      const double context = static_cast<double>(s.original_context);
      const double wavelength = 2 * std::numbers::pi / inverse;
      if (wavelength > context / s.low_frequency_factor) {
        inverse /= s.factor;
      } else if (wavelength >= context / s.high_frequency_factor) {
        const double smooth = (context / wavelength - s.low_frequency_factor) /
                              (s.high_frequency_factor - s.low_frequency_factor);
        inverse = (1 - smooth) * inverse / s.factor + smooth * inverse;
      }
    }
    const double angle = static_cast<double>(position) * inverse;
    const double a = head[i];
    const double b = head[i + half];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

ReferenceModel::Values ReferenceModel::heads_of(const Values& matrix, const Values& x,
                                                const Values& head_norm, std::int64_t position,
                                                bool turned) const {
  Values heads = multiply(matrix, x);
  const auto dim = static_cast<std::size_t>(config_.head_dim);
  for (std::size_t begin = 0; begin < heads.size(); begin += dim) {
    const auto first = heads.begin() + static_cast<std::ptrdiff_t>(begin);
    if (!head_norm.empty()) {
      const Values normed = norm({first, first + config_.head_dim}, head_norm);
      std::copy(normed.begin(), normed.end(), first);
    }
    if (turned) rotate(heads.data() + begin, position);
  }
  return heads;
}

ReferenceModel::Values ReferenceModel::attention(const Layer& layer,
                                                 const std::vector<Values>& inputs,
                                                 std::size_t token) const {
  const auto dim = static_cast<std::size_t>(config_.head_dim);
  const auto group = static_cast<std::size_t>(config_.heads / config_.kv_heads);
  const Values q =
      heads_of(layer.q, inputs[token], layer.q_norm, static_cast<std::int64_t>(token), true);
  std::vector<Values> k;
  std::vector<Values> v;
  for (std::size_t p = 0; p <= token; ++p) {
    k.push_back(heads_of(layer.k, inputs[p], layer.k_norm, static_cast<std::int64_t>(p), true));
    v.push_back(heads_of(layer.v, inputs[p], {}, 0, false));
  }
  Values y(q.size());
  for (std::size_t h = 0; h < static_cast<std::size_t>(config_.heads); ++h) {
    const std::size_t kv = h / group * dim;
    Values weight;
    double sum = 0;
    for (std::size_t p = 0; p <= token; ++p) {
      double score = 0;
      for (std::size_t i = 0; i < dim; ++i) score += q[h * dim + i] * k[p][kv + i];
      weight.push_back(std::exp(score / std::sqrt(static_cast<double>(dim))));
      sum += weight.back();
    }
    for (std::size_t p = 0; p <= token; ++p) {
      for (std::size_t i = 0; i < dim; ++i) y[h * dim + i] += weight[p] / sum * v[p][kv + i];
    }
  }
  return multiply(layer.o, y);
}

std::vector<double> ReferenceModel::logits(std::span<const std::uint32_t> tokens) const {
  const auto hidden = static_cast<std::ptrdiff_t>(config_.hidden);
  std::vector<Values> x;
  for (const std::uint32_t token : tokens) {
    const auto row = embedding_.begin() + token * hidden;
    x.emplace_back(row, row + hidden);
  }
  for (const Layer& layer : layers_) {
    std::vector<Values> normed;
    for (const Values& row : x) normed.push_back(norm(row, layer.input_norm));
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Values attended = attention(layer, normed, t);
      for (std::size_t i = 0; i < x[t].size(); ++i) x[t][i] += attended[i];
    }
    for (Values& row : x) {
      const Values added = experts(layer, norm(row, layer.post_norm));
      for (std::size_t i = 0; i < row.size(); ++i) row[i] += added[i];
    }
  }
  std::vector<double> all;
  for (const Values& row : x) {
    const Values logits = multiply(output_, norm(row, final_norm_));
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

}  // namespace mk
