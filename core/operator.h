// Operators: the nodes of the computation graph, which the task graph carries along, since a task
// is one tile of one operator.
//
// An operator is cut over a grid of up to three axes; grid[0]*grid[1]*grid[2] tiles, one task each.
// Which part of each tensor a tile touches is a rule (Access), not a list, so that a million tasks
// cost no memory for their regions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/task_kind.h"
#include "core/tensor.h"

namespace mk {

// Parameters by kind. Extents are in elements. Rows of activations are tokens: [batch tokens,
// width].
struct NoParams {
  friend bool operator==(const NoParams&, const NoParams&) = default;
};
struct EmbeddingParams {
  std::int64_t vocabulary = 0;
  std::int64_t hidden = 0;
  friend bool operator==(const EmbeddingParams&, const EmbeddingParams&) = default;
};
struct RmsNormParams {
  std::int64_t hidden = 0;
  double epsilon = 1e-6;
  friend bool operator==(const RmsNormParams&, const RmsNormParams&) = default;
};
// kLinear, kNormLinear, kSiluLinear: y[t, out] = sum_in W[out, in] f(x[t])[in] (+ residual[t,
// out]).
// Gated: rows of W are pairs of gate and up, as SiluMulParams has them, and a pair makes one
// output: y[t, i] = silu(row 2 i of that) * (row 2 i + 1 of it). A kLinear or kNormLinear of an
// even number of rows, no residual; the output is half as wide, and cut where W is cut: columns [a,
// b) are rows [2 a, 2 b).
struct LinearParams {
  std::int64_t in = 0;
  std::int64_t out = 0;   // rows of W, padding included
  bool residual = false;  // the last read access is the residual, cut like the output
  double epsilon = 1e-6;  // of kNormLinear
  bool gated = false;
  std::int64_t rows_an_output() const { return gated ? 2 : 1; }
  friend bool operator==(const LinearParams&, const LinearParams&) = default;
};
// Llama-3 frequency scaling (HF "rope_type": "llama3").
struct RopeScaling {
  double factor = 1;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  std::int64_t original_context = 8192;
  friend bool operator==(const RopeScaling&, const RopeScaling&) = default;
};
struct AttentionParams {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_context = 0;      // positions that the KV cache of one request holds
  std::int64_t page_positions = 0;   // positions a KV page, a power of two; 0: contiguous, no page
                                     // table
  std::uint32_t splits = 1;          // split-KV parts of a context; > 1: kAttentionMerge follows
  std::int64_t split_positions = 0;  // part i has positions [i, i + 1) * split_positions, the last
                                     // one all that follow; 0 iff there is one part
  bool qk_norm = false;              // Qwen3: RMSNorm of each q and k head, weights q_norm, k_norm
  double epsilon = 1e-6;
  double rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling{};
  friend bool operator==(const AttentionParams&, const AttentionParams&) = default;
};
// Which of an attention's accesses is which, where it is not the same for all (core/README.md).
struct AttentionAccesses {
  std::size_t q_norm = 0;      // iff qk_norm; k_norm follows
  std::size_t page_table = 0;  // iff paged
  std::size_t requests = 0;    // cut along the requests, in dimension 0: K cache or page table
  std::size_t output = 0;
};
constexpr AttentionAccesses accesses_of(const AttentionParams& params) {
  constexpr std::size_t kKCache = 1;
  constexpr std::size_t kBehindVCache = 3;
  const bool is_paged = params.page_positions != 0;
  const std::size_t table = kBehindVCache + (params.qk_norm ? 2 : 0);
  return {kBehindVCache, table, is_paged ? table : kKCache, table + (is_paged ? 1 : 0)};
}
struct SiluMulParams {
  std::int64_t width = 0;  // outputs; reads 2 * width, interleaved gate0 up0 gate1 up1 ...
  friend bool operator==(const SiluMulParams&, const SiluMulParams&) = default;
};
struct ArgmaxParams {
  std::int64_t first_index = 0;  // token of the first logit (vocabulary shard of this device)
  std::int64_t vocabulary = 0;   // tokens of the model: logits past them are padding, never win
  friend bool operator==(const ArgmaxParams&, const ArgmaxParams&) = default;
};
// kTopkSoftmax, kExpertLinear, kExpertSiluMul, kWeightedSum.
enum class ExpertSchedule : std::uint8_t {
  kStatic,  // group g owns a fixed range of the experts
  kStride,  // group g takes every groups-th entry of the activated list (the paper's hybrid)
};
struct MoeParams {
  ExpertSchedule schedule = ExpertSchedule::kStride;
  std::int64_t experts = 0;
  std::int64_t top_k = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool normalise_top_k = true;
  bool residual = false;  // of kWeightedSum
  friend bool operator==(const MoeParams&, const MoeParams&) = default;
};
// kPut, kReduce. The devices that take part are `rank` 0 .. peers - 1; a residual is added by the
// operator that makes rank 0's part, and by no other.
struct AllReduceParams {
  std::int64_t width = 0;  // of a row
  std::uint8_t peers = 0;  // devices that take part, this one included
  std::uint8_t rank = 0;   // of this device
  friend bool operator==(const AllReduceParams&, const AllReduceParams&) = default;
};

using OperatorParams =
    std::variant<NoParams, EmbeddingParams, RmsNormParams, LinearParams, AttentionParams,
                 SiluMulParams, ArgmaxParams, MoeParams, AllReduceParams>;

enum class AccessMode : std::uint8_t { kRead, kWrite };

// How one dimension of a tensor is cut by the operator's grid.
struct DimCut {
  enum class Rule : std::uint8_t {
    kWhole,    // each tile touches the whole dimension
    kEven,     // cut along grid axis `axis` into as equal parts as whole granules allow
    kDynamic,  // shared out along `axis` at run time by data (tokens of a request): any two parts
               // may touch, but tiles of one operator never write the same element
  };
  Rule rule = Rule::kWhole;
  std::uint8_t axis = 0;
  std::int64_t granule = 1;  // elements that are never parted, e.g. head_dim; divides the extent or
                             // the last one is short
  friend bool operator==(const DimCut&, const DimCut&) = default;
};

struct Access {
  TensorId tensor{};
  AccessMode mode = AccessMode::kRead;
  std::array<DimCut, kMaxRank> cut{};
  friend bool operator==(const Access&, const Access&) = default;
};

struct Grid {
  std::array<std::uint32_t, 3> extent{1, 1, 1};
  std::uint32_t tiles() const { return extent[0] * extent[1] * extent[2]; }
  // Tile index = (z * y_extent + y) * x_extent + x.
  std::array<std::uint32_t, 3> coordinate(std::uint32_t tile) const {
    return {tile % extent[0], tile / extent[0] % extent[1], tile / extent[0] / extent[1]};
  }
  friend bool operator==(const Grid&, const Grid&) = default;
};

// The half-open box of elements of one tensor that a tile touches.
struct Region {
  TensorId tensor{};
  AccessMode mode = AccessMode::kRead;
  std::array<std::int64_t, kMaxRank> begin{0, 0, 0, 0};
  std::array<std::int64_t, kMaxRank> end{1, 1, 1, 1};
  friend bool operator==(const Region&, const Region&) = default;
};

struct Operator {
  std::string name{};  // the same in every layer: "qkv", "o_proj" ...; what `--set` names
  TaskKind kind = TaskKind::kEmpty;
  std::optional<std::uint32_t> layer{};  // none: before the first or after the last layer
  std::uint8_t device = 0;
  Grid grid{};
  std::vector<Access> accesses{};  // reads first, in the order that the body documents
                                   // (core/README.md), then writes
  OperatorParams params{};
  friend bool operator==(const Operator&, const Operator&) = default;
};

using OperatorId = Id<Operator>;

// Element range [begin, end) of part `part` of `parts` of an extent cut in granules: parts differ
// by at most one granule.
struct PartRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
PartRange part_range(std::int64_t extent, std::int64_t granule, std::uint32_t part,
                     std::uint32_t parts);

// The region that tile `tile` touches through `access`. Dimensions that are kWhole or kDynamic
// count whole. Requires: tile < op.grid.tiles().
Region region_of(const Operator& op, const Access& access, const Tensor& tensor,
                 std::uint32_t tile);

}  // namespace mk
