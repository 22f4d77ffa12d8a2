#include "core/compiler/task_costs.h"

#include <utility>

#include "core/check.h"

namespace mk::compiler {
namespace {

constexpr std::int64_t kIndexBytes = 4;    // i32 indexes and f32 scores between small operators
constexpr std::int64_t kPartialBytes = 4;  // f32 partial results of split-KV attention

// One tile: its regions in the order of the operator's accesses.
class Tile {
 public:
  Tile(const PartitionedGraph& graph, const Operator& op, std::uint32_t tile)
      : graph_(graph), op_(op), tile_(tile) {}

  Region region(std::size_t access) const {
    const Access& a = op_.accesses[access];
    return region_of(op_, a, graph_.tensors[a.tensor.index], tile_);
  }
  std::int64_t extent(std::size_t access, std::size_t dimension) const {
    const Region r = region(access);
    return r.end[dimension] - r.begin[dimension];
  }
  std::int64_t element(std::size_t access) const {
    return size_of(graph_.tensors[op_.accesses[access].tensor.index].dtype);
  }
  std::size_t first_write() const {
    std::size_t a = 0;
    while (a < op_.accesses.size() && op_.accesses[a].mode == AccessMode::kRead) ++a;
    MK_CHECK(a < op_.accesses.size(), "an operator writes something");
    return a;
  }
  std::uint8_t device_of(std::size_t access) const {
    return graph_.tensors[op_.accesses[access].tensor.index].device;
  }
  std::uint32_t coordinate(std::size_t axis) const { return op_.grid.coordinate(tile_)[axis]; }
  const Operator& op() const { return op_; }

 private:
  const PartitionedGraph& graph_;
  const Operator& op_;
  std::uint32_t tile_;
};

void add_term(Amount& amount, QuantityKind quantity, std::int64_t coefficient,
              std::uint32_t index = 0) {
  if (coefficient == 0) return;
  Term term;
  term.quantity = quantity;
  term.index = index;
  term.coefficient = coefficient;
  amount.terms.push_back(term);
}

void per_live_token(TaskClass& c, std::int64_t activation_bytes, std::int64_t flops) {
  add_term(c.activation_bytes, QuantityKind::kLiveTokens, activation_bytes);
  add_term(c.flops, QuantityKind::kLiveTokens, flops);
}

void linear(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<LinearParams>(tile.op().params);
  const std::size_t weight = tile.op().kind == TaskKind::kNormLinear ? 2 : 1;
  const std::int64_t rows = tile.extent(weight, 0);
  const std::int64_t outputs = rows / p.rows_an_output();
  const std::int64_t element = tile.element(0);
  std::int64_t inputs = p.in;
  std::int64_t flops = 2 * rows * p.in + (p.gated ? 5 * outputs : 0);
  if (tile.op().kind == TaskKind::kNormLinear) {
    c.activation_bytes.base = p.in * element;
    flops += 4 * p.in;
  } else if (tile.op().kind == TaskKind::kSiluLinear) {
    inputs = 2 * p.in;
    flops += 5 * p.in;
  }
  c.weight_bytes.base = rows * p.in * tile.element(weight);
  c.preload_bytes = c.weight_bytes.base;
  per_live_token(c, (inputs + outputs * (p.residual ? 2 : 1)) * element, flops);
}

// Reads the cache of its heads up to the context, or the part of it that is its own; writes one
// position of it a token (counted with the first part).
void attention(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<AttentionParams>(tile.op().params);
  const Region requests = tile.region(accesses_of(p).requests);
  const std::int64_t heads = tile.extent(1, 1);
  const std::int64_t q_heads = heads * (p.heads / p.kv_heads);
  const std::int64_t kv_row = 2 * heads * p.head_dim * tile.element(1);
  const std::int64_t part = tile.coordinate(2);
  const bool is_split = p.splits > 1;
  const std::int64_t in = (q_heads + 2 * heads) * p.head_dim * tile.element(0);
  const std::int64_t out = is_split ? q_heads * (p.head_dim + 2) * kPartialBytes
                                    : q_heads * p.head_dim * tile.element(0);
  const std::int64_t pair_flops = q_heads * (4 * p.head_dim + 1);
  for (std::int64_t r = requests.begin[0]; r < requests.end[0]; ++r) {
    const auto request = static_cast<std::uint32_t>(r);
    add_term(c.activation_bytes, QuantityKind::kTokensOfRequest,
             in + out + (part == 0 ? kv_row : 0), request);
    if (!is_split) {
      add_term(c.kv_bytes, QuantityKind::kContext, kv_row, request);
      add_term(c.flops, QuantityKind::kAttendedPairs, pair_flops, request);
      continue;
    }
    for (const auto& [amount, coefficient] :
         {std::pair(&c.kv_bytes, kv_row), std::pair(&c.flops, pair_flops)}) {
      add_term(*amount, QuantityKind::kContext, coefficient, request);
      amount->terms.back().offset = part * p.split_positions;
      if (part + 1 < p.splits) amount->terms.back().limit = p.split_positions;
    }
  }
}

// Weighs the parts of its heads by their largest score and sum, and adds them up.
void attention_merge(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<AttentionParams>(tile.op().params);
  const std::int64_t heads = tile.extent(0, 1);
  const std::int64_t row =
      heads * (p.splits * (p.head_dim + 2) * kPartialBytes + p.head_dim * tile.element(1));
  // Shared out along requests: each task has the tokens of its own.
  const std::int64_t requests = tile.op().grid.extent[0];
  c.activation_bytes.base = tile.extent(0, 0) * row / requests;
  c.flops.base = tile.extent(0, 0) * heads * p.splits * (2 * p.head_dim + 3) / requests;
}

// W of the activated experts of its group; tokens as many as are routed there.
void expert_linear(const Tile& tile, TaskClass& c, std::uint32_t first_group) {
  const auto& p = std::get<MoeParams>(tile.op().params);
  const std::uint32_t group = first_group + tile.coordinate(0);
  const std::int64_t rows = tile.extent(1, 1);
  const std::int64_t expert_bytes = rows * p.in * tile.element(1);
  add_term(c.weight_bytes, QuantityKind::kActivatedExperts, expert_bytes, group);
  add_term(c.activation_bytes, QuantityKind::kRoutedTokens, (p.in + rows) * tile.element(0), group);
  add_term(c.flops, QuantityKind::kRoutedTokens, 2 * rows * p.in, group);
}

void embedding(const Tile& tile, TaskClass& c) {
  const std::int64_t width = tile.extent(1, 1);
  per_live_token(c, width * (tile.element(1) + tile.element(2)) + kIndexBytes, 0);
}

void rmsnorm(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<RmsNormParams>(tile.op().params);
  const std::int64_t rows = tile.extent(0, 0);
  c.activation_bytes.base = (2 * rows + 1) * p.hidden * tile.element(0);
  c.flops.base = 4 * rows * p.hidden;
}

void silu_mul(const Tile& tile, TaskClass& c) {
  const std::int64_t width = tile.extent(1, 1);
  per_live_token(c, 3 * width * tile.element(0), 5 * width);
}

void argmax_partial(const Tile& tile, TaskClass& c) {
  const std::int64_t width = tile.extent(0, 1);
  per_live_token(c, width * tile.element(0) + 2 * kIndexBytes, width);
}

void argmax_reduce(const Tile& tile, TaskClass& c) {
  const std::int64_t rows = tile.extent(0, 0);
  std::int64_t parts = 0;  // of all devices
  for (std::size_t a = 0; a < tile.first_write(); a += 2) parts += tile.extent(a, 1);
  c.activation_bytes.base = rows * (2 * parts + 1) * kIndexBytes;
  c.flops.base = rows * parts;
}

// Sends what it reads; the peer is where it writes.
void put(const Tile& tile, TaskClass& c) {
  std::int64_t row = 0;
  for (std::size_t a = 0; a < tile.first_write(); ++a) row += tile.extent(a, 1) * tile.element(a);
  add_term(c.activation_bytes, QuantityKind::kLiveTokens, row);
  add_term(c.bytes_sent, QuantityKind::kLiveTokens, row);
  c.peer = tile.device_of(tile.first_write());
}

// The parts of all devices, in; their sum, out.
void reduce(const Tile& tile, TaskClass& c) {
  const auto parts = static_cast<std::int64_t>(tile.first_write());
  const std::int64_t width = tile.extent(0, 1);
  per_live_token(c, (parts + 1) * width * tile.element(0), parts * width);
}

void topk_softmax(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<MoeParams>(tile.op().params);
  c.activation_bytes.base = (p.experts + 1) * kIndexBytes;
  per_live_token(c, p.experts * tile.element(0) + 2 * p.top_k * kIndexBytes,
                 p.experts * (p.top_k + 2));
}

void expert_silu_mul(const Tile& tile, TaskClass& c) {
  const std::int64_t rows = tile.extent(0, 0) * tile.extent(0, 1);
  const std::int64_t width = tile.extent(1, 2);
  c.activation_bytes.base = 3 * rows * width * tile.element(0);
  c.flops.base = 5 * rows * width;
}

void weighted_sum(const Tile& tile, TaskClass& c) {
  const auto& p = std::get<MoeParams>(tile.op().params);
  const std::int64_t rows = tile.extent(0, 0);
  const std::int64_t width = tile.extent(0, 2);
  const std::int64_t inputs = p.top_k + 1 + (p.residual ? 1 : 0);
  c.activation_bytes.base = rows * (inputs * width * tile.element(0) + p.top_k * kIndexBytes);
  c.flops.base = 2 * rows * p.top_k * width;
}

}  // namespace

TaskClass task_cost(const PartitionedGraph& graph, const Operator& op, std::uint32_t t,
                    std::uint32_t first_expert_group) {
  const Tile tile(graph, op, t);
  TaskClass c;
  switch (op.kind) {
    case TaskKind::kEmbedding:
      embedding(tile, c);
      break;
    case TaskKind::kRmsNorm:
      rmsnorm(tile, c);
      break;
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
      linear(tile, c);
      break;
    case TaskKind::kAttention:
      attention(tile, c);
      break;
    case TaskKind::kSiluMul:
      silu_mul(tile, c);
      break;
    case TaskKind::kArgmaxPartial:
      argmax_partial(tile, c);
      break;
    case TaskKind::kArgmaxReduce:
      argmax_reduce(tile, c);
      break;
    case TaskKind::kTopkSoftmax:
      topk_softmax(tile, c);
      break;
    case TaskKind::kExpertLinear:
      expert_linear(tile, c, first_expert_group);
      break;
    case TaskKind::kExpertSiluMul:
      expert_silu_mul(tile, c);
      break;
    case TaskKind::kWeightedSum:
      weighted_sum(tile, c);
      break;
    case TaskKind::kPut:
      put(tile, c);
      break;
    case TaskKind::kReduce:
      reduce(tile, c);
      break;
    case TaskKind::kAttentionMerge:
      attention_merge(tile, c);
      break;
    case TaskKind::kEmpty:
      break;
  }
  return c;
}

}  // namespace mk::compiler
