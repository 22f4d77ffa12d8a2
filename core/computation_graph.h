// ComputationGraph: operators and tensors of one decode step, before they are cut into tasks.
//
// Operators stand in program order; a read sees the most recent write before it in that order.
// Tensors may be written more than once (buffer reuse): the compiler keeps reads before later
// writes. Grids are not set yet (1 x 1 x 1): a partition chooses them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/operator.h"
#include "core/result.h"
#include "core/tensor.h"

namespace mk {

// Which way an operator may be cut: one entry a grid axis.
struct GridAxis {
  std::string what{};       // "rows", "kv_heads", "requests", "tokens", "experts" ...
  std::int64_t extent = 1;  // at most this many parts
};

struct OperatorNode {
  Operator op{};                 // grid 1 x 1 x 1; accesses refer to the axes below
  std::vector<GridAxis> axes{};  // up to three
};

struct ComputationGraph {
  std::string model{};
  std::string model_config{};
  std::uint32_t batch_tokens = 1;
  std::uint32_t requests = 1;
  std::uint32_t max_context = 0;
  std::vector<Tensor> tensors{};
  std::vector<OperatorNode> operators{};

  // Bytes of the weights that one step streams (the embedding table is not streamed; a tied lm_head
  // is).
  Bytes streamed_weight_bytes() const;
};

// For a person who writes a model by hand: each call appends an operator and returns its output
// tensor. The model importer uses it too. Shapes are checked at build(); errors name the operator.
//
//   ComputationGraphBuilder b("toy", {.batch_tokens = 1, .requests = 1, .max_context = 128});
//   TensorId x = b.embedding("embed", {...});
//   ...
class ComputationGraphBuilder;  // core/computation_graph_builder.h

enum class OperatorFusion : std::uint8_t { kNone, kNormLinear };

struct StepShape {
  std::uint32_t batch_tokens = 1;
  std::uint32_t requests = 1;
  std::uint32_t max_context = 4096;  // positions of a request's KV cache
};

// The decode step of a model of the supported families.
Result<ComputationGraph> build_decode_step(const ModelConfig& model, const StepShape& shape,
                                           OperatorFusion fusion = OperatorFusion::kNone);

}  // namespace mk
