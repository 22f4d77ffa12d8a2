// Tensors of a computation graph and of a task graph: name, shape, type, what they hold, and where
// weights come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.h"

namespace mk {

enum class DType : std::uint8_t { kBf16, kF16, kF32, kI32 };

constexpr std::int64_t size_of(DType type) {
  return type == DType::kF32 || type == DType::kI32 ? 4 : 2;
}

// "bf16", "f16", "f32", "i32"; none iff the name is no type.
std::string_view name_of(DType type);
std::optional<DType> dtype_from_name(std::string_view name);

enum class TensorRole : std::uint8_t {
  kWeight,      // read only, streamed; filled from `WeightSource`
  kActivation,  // written and read within one iteration; lives in one buffer for the whole run
  kKvCache,  // keys or values of one layer: [requests, kv_heads, max_context, head_dim], or, paged,
             // [pages, kv_heads, page_positions, head_dim] found through a kPageTable
  kToken,    // int32 token ids: the input rows of an iteration, and what argmax_reduce writes
  kPageTable,  // int32 [requests, pages of a request]: page numbers
  kExchange,   // buffer that a peer device puts tiles into
};

std::string_view name_of(TensorRole role);
std::optional<TensorRole> tensor_role_from_name(std::string_view name);

inline constexpr std::size_t kMaxRank = 4;

// Row major, slowest dimension first. Invariant: 1 <= rank <= kMaxRank, extents of used dimensions
// >= 1, others 1.
struct Shape {
  std::array<std::int64_t, kMaxRank> extent{1, 1, 1, 1};
  std::uint8_t rank = 1;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);
  std::int64_t elements() const { return extent[0] * extent[1] * extent[2] * extent[3]; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

// How the rows of a weight tensor are made of the rows of the checkpoint's parameters (HF names in
// `parameters`).
enum class WeightLayout : std::uint8_t {
  kPlain,        // one parameter, its rows in order; rows past its end are zero (padded vocabulary)
  kQkvByKvHead,  // q, k, v: for each KV head its group of q heads, then its k head, then its v
                 // head, so that one contiguous slice of the fused output belongs to one KV head
  kInterleavedRows,  // a, b: rows a0 b0 a1 b1 ..., so that one contiguous slice of gate_up belongs
                     // to one silu_mul tile
  kStackedExperts,  // one parameter pair or parameter an expert: expert e is slice [e] of dimension
                    // 0, the name holds "{}"; two parameters are interleaved row by row as above
};

std::string_view name_of(WeightLayout layout);
std::optional<WeightLayout> weight_layout_from_name(std::string_view name);

struct WeightSource {
  WeightLayout layout = WeightLayout::kPlain;
  // This device's part of each parameter's dimension `shard_dim` (of an expert's matrix, where
  // there are experts): shard `shard` of `shards` equal ones, cut before the layout is applied
  // (tensor parallel). Shards are as long as this tensor needs them, so padding lies behind the
  // last row of the parameter, in the last shards.
  std::uint8_t shard_dim = 0;
  std::uint8_t shard = 0;
  std::uint8_t shards = 1;
  // kQkvByKvHead, where there are more devices than KV heads: so many neighbouring devices hold the
  // same KV heads. k and v are cut into shards / kv_replicas, this is shard / kv_replicas of them.
  std::uint8_t kv_replicas = 1;
  std::vector<std::string> parameters{};  // HF names, e.g. "model.layers.0.self_attn.q_proj.weight"
  friend bool operator==(const WeightSource&, const WeightSource&) = default;
};

struct Tensor {
  std::string name{};
  Shape shape{};
  DType dtype = DType::kBf16;
  TensorRole role = TensorRole::kActivation;
  std::uint8_t device = 0;
  WeightSource source{};  // empty unless role is kWeight
  friend bool operator==(const Tensor&, const Tensor&) = default;

  Bytes bytes() const { return Bytes(shape.elements() * size_of(dtype)); }
};

using TensorId = Id<Tensor>;

}  // namespace mk
