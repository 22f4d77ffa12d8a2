// Pass "partition": chooses each operator's grid, and turns the computation graph into operators
// with tiles.
//
// mpk (facts/mpk.md 1.2, the open Qwen3 code; by what an operator does, not by its name):
//   embedding            1; hidden/64 in the fused variant
//   rmsnorm              one task a token
//   linear + residual,   out/64; out/128 in models with experts
//   linear before a put
//   linear before argmax one a worker
//   linear before top-k  1
//   any other linear     n(out): out/256 if out/96 > 400, else 96 if 96 divides out, else 64
//   attention, its merge requests x KV heads (x parts of the context)
//   silu_mul             n(2 width)/2
//   argmax               one a worker, then 1; top-k 1
//   expert linear        out/128 column slices, times as many expert groups as the workers allow
//   expert silu_mul      tokens x top_k
//   weighted sum         tokens x out/256
//   put, reduce          as the rows of what they send are written; the partial results of argmax
//                        are sent in one
// balanced: each operator that streams weights or a cache, and the slices of activations that
// follow it, get one task a worker, so that every wave is full: parts differ by one row (pair of
// rows, KV head) at most. Small operators without slices have one task, or one a token. Never more
// parts than an axis has.
#pragma once

#include <vector>

#include "core/compiler.h"
#include "core/computation_graph.h"
#include "core/result.h"

namespace mk::compiler {

struct PartitionedGraph {
  std::vector<Tensor> tensors{};
  std::vector<Operator> operators{};  // in program order, with their grids
};

// InvalidInput names the --set operator that is unknown, or the grid that its axes do not allow.
Result<PartitionedGraph> partition(const ComputationGraph& graph, const CompileOptions& options);

}  // namespace mk::compiler
