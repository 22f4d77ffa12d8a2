// For a person who writes a model by hand, and for the model importer: each call appends one
// operator (argmax: two) and returns the tensor it writes. README.md has a whole model as example.
//
//   ComputationGraphBuilder b("toy", {.batch_tokens = 1, .requests = 1, .max_context = 128});
//   TensorId x = b.embedding("embed", b.weight("table", {1000, 64}));
//   TensorId y = b.linear("up", x, b.weight("up.weight", {256, 64}));
//
// Shapes and names are checked as they come; the first complaint is what build() returns, so that a
// model reads without error handling between its lines. Axes and cuts follow core/README.md.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/computation_graph.h"

namespace mk {

struct LinearOptions {
  std::optional<TensorId> residual{};  // added to the output
  std::optional<TensorId> norm{};      // weight of an RMSNorm of the input: kNormLinear
  double epsilon = 1e-6;               // of that norm
  bool silu_input = false;             // input is gate_up: kSiluLinear
  bool gated = false;                  // the weight's rows are gate_up: LinearParams::gated
};

struct QkNorm {
  TensorId q{};
  TensorId k{};
};

// What topk_softmax writes and the expert operators read.
struct Routing {
  TensorId expert{};
  TensorId weight{};
  TensorId activated{};
};

class ComputationGraphBuilder {
 public:
  ComputationGraphBuilder(std::string model, const StepShape& shape);

  // Operators appended from here on belong to this layer; none: before the first or after the last.
  void set_layer(std::optional<std::uint32_t> layer) { layer_ = layer; }
  // Operators and weights from here on belong to this device; 0 at first. Requires: device <
  // shape.devices.
  void set_device(std::uint8_t device);
  void set_model_config(std::string json) { graph_.model_config = std::move(json); }

  // A bf16 weight. Without a source its only parameter is its own name.
  TensorId weight(std::string name, Shape shape, WeightSource source = {});

  TensorId embedding(std::string name, TensorId table, std::int64_t vocabulary = 0);
  TensorId rmsnorm(std::string name, TensorId x, TensorId weight, double epsilon = 1e-6);
  TensorId linear(std::string name, TensorId x, TensorId weight, const LinearOptions& options = {});
  // Makes its K and V cache, and the device's page table where they are paged and it has none yet;
  // with params.splits > 1 two operators, NAME and NAME_merge. params.max_context is taken from the
  // step's shape.
  TensorId attention(std::string name, TensorId qkv, AttentionParams params,
                     std::optional<QkNorm> norm = std::nullopt);
  TensorId silu_mul(std::string name, TensorId gate_up);
  // argmax_partial and argmax_reduce: logits past `vocabulary` are padding. On one device.
  TensorId argmax(TensorId logits, std::int64_t vocabulary);
  // The same where the vocabulary is shared out: logits[d] are those of device d, in order of their
  // tokens. Each device sends its partial results to every other, and finds the token by itself.
  void argmax(const std::vector<TensorId>& logits, std::int64_t vocabulary);

  // Sum of parts[d], which device d has, for all devices: returns each device's copy. A put (named
  // NAME_put) to each peer, then a reduce (NAME_reduce) on each device, which adds up in the order
  // of the devices, so that all copies have the same bits. One device: the part itself.
  std::vector<TensorId> all_reduce(std::string name, const std::vector<TensorId>& parts);

  Routing topk_softmax(std::string name, TensorId logits, const MoeParams& params);
  // x is [T, in], or [T, top_k, in] where each expert has an input of its own.
  TensorId expert_linear(std::string name, TensorId x, TensorId weight, const Routing& routing,
                         const MoeParams& params);
  TensorId expert_silu_mul(std::string name, TensorId gate_up, const MoeParams& params);
  TensorId weighted_sum(std::string name, TensorId y, const Routing& routing,
                        std::optional<TensorId> residual, const MoeParams& params);

  [[nodiscard]] Result<ComputationGraph> build() &&;

 private:
  struct Draft;  // an operator under construction
  Draft draft(std::string name, TaskKind kind);
  TensorId output(const Draft& draft, std::string_view what, Shape shape, DType dtype);
  void append(Draft draft);
  void refuse(std::string_view name, std::string why);
  bool known(std::string_view name, TensorId tensor);
  const Shape& shape(TensorId tensor) const { return graph_.tensors[tensor.index].shape; }
  // Refuses and returns false unless `tensor` is [rows, columns].
  bool is_matrix(std::string_view name, std::string_view what, TensorId tensor, std::int64_t rows,
                 std::int64_t columns);
  bool is_activation(std::string_view name, TensorId tensor);
  std::int64_t tokens() const { return graph_.batch_tokens; }

  // Partial results of one device: value and index, [T, as many as the operator has parts].
  struct PartialMaximum {
    TensorId value{};
    TensorId index{};
  };
  bool one_a_device(std::string_view name, const std::vector<TensorId>& tensors);
  PartialMaximum argmax_partial(TensorId logits, std::int64_t first_index, std::int64_t vocabulary);
  TensorId argmax_reduce(const std::vector<PartialMaximum>& parts, std::int64_t vocabulary);
  enum class PutTiles : std::uint8_t { kSlices, kOne };
  // K and V cache of an attention, and where they are paged the page table.
  struct KvCache {
    TensorId k{};
    TensorId v{};
    std::optional<TensorId> page_table{};
    std::array<DimCut, kMaxRank> cut{};
  };
  KvCache kv_cache(const Draft& draft, const AttentionParams& params);
  TensorId page_table(const AttentionParams& params);
  TensorId attention_merge(std::string name, TensorId partial, const AttentionParams& params);
  // Sends `sent`, all of one width, from the current device to `peer`; returns the peer's copies.
  std::vector<TensorId> put(const std::string& name, const std::vector<TensorId>& sent,
                            std::uint8_t peer, PutTiles tiles);

  ComputationGraph graph_{};
  std::optional<std::uint32_t> layer_{};
  std::uint8_t device_ = 0;
  std::map<std::uint8_t, TensorId> page_tables_{};  // by device
  std::optional<Error> error_{};
};

}  // namespace mk
