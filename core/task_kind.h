// The one table of task kinds: what a task of an operator is, and the facts about it that more than
// one part needs.
//
// Everything that depends on a kind (names in files, JIT labels, cost rules, task bodies, machine
// constants, colours) is derived from this table; a test walks it. A new kind is one row here plus
// a body in each backend that runs it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mk {

enum class TaskKind : std::uint8_t {
  kEmpty,  // no work: joins or forks events so that each task has one dependent and one triggering
           // event
  kEmbedding,       // rows of the embedding table, one a token
  kRmsNorm,         // one token's row
  kLinear,          // rows of y = W x, optionally + residual
  kNormLinear,      // rmsnorm of the input, then kLinear (fused variant)
  kSiluLinear,      // silu(gate) * up of the input, then kLinear (fused variant)
  kAttention,       // one request, one KV head: QK-norm, RoPE, KV append, softmax(QK)V
  kAttentionMerge,  // joins the partial results of a split-KV attention
  kSiluMul,         // silu(gate) * up over a slice
  kArgmaxPartial,   // largest logit of a slice, with its index
  kArgmaxReduce,    // largest of the partial results: the next token
  kTopkSoftmax,     // MoE router: top-k experts of each token, their weights, the activated list
  kExpertLinear,    // rows of W_e x for the activated experts e of a group
  kExpertSiluMul,   // silu(gate) * up for each token's experts
  kWeightedSum,     // sum of expert outputs by router weight, + residual
  kPut,             // communication: sends a tile to a peer's memory and signals
  kReduce,          // sums the tiles that the peers have put
};

// What bounds a body's time, for cost models and colours.
enum class CostClass : std::uint8_t {
  kNone,           // no work
  kStream,         // streams weights from HBM once: bandwidth
  kCache,          // reads KV: bandwidth, amount depends on the context
  kSmall,          // activations only: fixed cost
  kCommunication,  // a link
};

struct TaskKindFacts {
  TaskKind kind = TaskKind::kEmpty;
  std::string_view name{};  // in files, JSON, traces
  CostClass cost = CostClass::kNone;
  bool data_dependent_length =
      false;  // its duration depends on data: launched JIT (MPK paper, section 5.2)
};

inline constexpr std::array kTaskKinds = {
    TaskKindFacts{TaskKind::kEmpty, "empty", CostClass::kNone, false},
    TaskKindFacts{TaskKind::kEmbedding, "embedding", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kRmsNorm, "rmsnorm", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kLinear, "linear", CostClass::kStream, false},
    TaskKindFacts{TaskKind::kNormLinear, "norm_linear", CostClass::kStream, false},
    TaskKindFacts{TaskKind::kSiluLinear, "silu_linear", CostClass::kStream, false},
    TaskKindFacts{TaskKind::kAttention, "attention", CostClass::kCache, true},
    TaskKindFacts{TaskKind::kAttentionMerge, "attention_merge", CostClass::kSmall, true},
    TaskKindFacts{TaskKind::kSiluMul, "silu_mul", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kArgmaxPartial, "argmax_partial", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kArgmaxReduce, "argmax_reduce", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kTopkSoftmax, "topk_softmax", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kExpertLinear, "expert_linear", CostClass::kStream, true},
    TaskKindFacts{TaskKind::kExpertSiluMul, "expert_silu_mul", CostClass::kSmall, true},
    TaskKindFacts{TaskKind::kWeightedSum, "weighted_sum", CostClass::kSmall, false},
    TaskKindFacts{TaskKind::kPut, "put", CostClass::kCommunication, false},
    TaskKindFacts{TaskKind::kReduce, "reduce", CostClass::kSmall, false},
};

inline constexpr std::size_t kTaskKindCount = kTaskKinds.size();

constexpr std::size_t index_of(TaskKind kind) { return static_cast<std::size_t>(kind); }
constexpr const TaskKindFacts& facts(TaskKind kind) { return kTaskKinds[index_of(kind)]; }
constexpr std::string_view name_of(TaskKind kind) { return facts(kind).name; }

// The kind with that name, none iff there is none.
constexpr std::optional<TaskKind> task_kind_from_name(std::string_view name) {
  for (const TaskKindFacts& f : kTaskKinds) {
    if (f.name == name) return f.kind;
  }
  return std::nullopt;
}

namespace detail {
constexpr bool task_kinds_stand_at_their_index() {
  for (std::size_t i = 0; i < kTaskKindCount; ++i) {
    if (index_of(kTaskKinds[i].kind) != i) return false;
  }
  return true;
}
}  // namespace detail
static_assert(detail::task_kinds_stand_at_their_index());

}  // namespace mk
