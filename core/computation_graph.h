// ComputationGraph: operators and tensors of one decode step, before they are cut into tasks.
//
// Operators stand in program order; a read sees the most recent write before it in that order.
// Tensors may be written more than once (buffer reuse): the compiler keeps reads before later
// writes. Grids are not set yet (1 x 1 x 1): a partition chooses them.
//
// For several devices it holds the operators of all of them. An operator touches tensors of its own
// device only, except that a put writes buffers of one peer.
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
  std::uint8_t devices = 1;
  std::vector<Tensor> tensors{};
  std::vector<OperatorNode> operators{};

  // Bytes of the matrices that one step streams. The embedding table is not streamed, a tied
  // lm_head is; norm weights stay in L2 and are not counted. Of the experts of an MoE operator, as
  // many as one token activates. Of all devices together.
  Bytes streamed_weight_bytes() const;
};

// What compile() asks of a graph, whoever made it: indexes and axes in range, no axis with more
// parts than one of the tensors it cuts has granules, every activation written before it is read,
// tiles of one operator that neither write the same element nor read what another tile of it
// writes. InvalidInput names the operator.
Status validate(const ComputationGraph& graph);

// Distinct names, in program order.
std::vector<std::string> operator_names(const ComputationGraph& graph);

enum class OperatorFusion : std::uint8_t {
  kNone,
  kNormLinear,  // norms and the gating before `down` inside the linears behind them
  kNorm,  // norms only: a task reads the whole input, and before the gating it is twice as long
  kNormGated,  // norms, and the gating at the end of the linear before it: gate_up writes what
               // `down` reads (experts of an MoE model: as kNorm)
};

struct StepShape {
  std::uint32_t batch_tokens = 1;
  std::uint32_t requests = 1;
  std::uint32_t max_context = 4096;  // positions of a request's KV cache
  std::uint32_t devices = 1;         // tensor parallel degree
  ExpertSchedule experts = ExpertSchedule::kStride;
  // Split-KV: so many tasks share the context of a request and KV head, and a merge follows. All
  // but the last have attention_positions positions each.
  std::uint32_t attention_parts = 1;
  std::uint32_t attention_positions = 0;
  // Paged KV: positions a page, a power of two; pages are found through a page table that all
  // layers of a device share. 0: each request's cache is contiguous.
  std::uint32_t page_positions = 0;
};

// The decode step of a model of the supported families. Over several devices (tensor parallel):
//   qkv, gate_up, w13, lm_head    rows of W shared out: by KV heads, by outputs, by tokens of the
//                                 padded vocabulary; attention and silu_mul follow
//   o_proj, down, w2              columns shared out; each device has a summand of the output, rank
//   0
//                                 adds the residual, an all-reduce follows
//   embedding, norms, router,     the same on every device
//   top-k
// Where there are more devices than KV heads, neighbouring devices hold the same one. kUnsupported
// names what cannot be shared out evenly.
Result<ComputationGraph> build_decode_step(const ModelConfig& model, const StepShape& shape,
                                           OperatorFusion fusion = OperatorFusion::kNone);

}  // namespace mk
