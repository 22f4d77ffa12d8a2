// The one switch from a task's kind to its body.
#pragma once

#include "gpu_backend/cuda/bodies/attention.h"
#include "gpu_backend/cuda/bodies/elementwise.h"
#include "gpu_backend/cuda/bodies/exchange.h"
#include "gpu_backend/cuda/bodies/experts.h"
#include "gpu_backend/cuda/bodies/linear.h"

namespace mk::cuda {

// Of a warp's ring, how many stages are filled for a task whose event is not active yet.
template <class Shape>
MK_INLINE std::uint32_t stages_ahead(const LinearTask& task) {
  if (task.token_tiles != 0) return 2;
  return deal_of<Shape>(task).stages_ahead(Shape::kWarps, Shape::kStages);
}

// What of a task that is yet to come depends on no event: its first weights, and hints. A body that
// does not stream leaves the rings to the task that follows it (may be null). In turn: of a task
// that begins before its block has notified the one before (await_turn()).
template <class Shape, class C>
MK_HD void preload_task(C& c, WarpStream& stream, const TaskDescriptor& task,
                        const TaskDescriptor* following, const Step& step, bool in_turn = false) {
  if (task.kind == TaskKind::kAttention) preload_attention(c, task.attention, step);
  if (task.streams() && !task.is_linear()) return;
  const TaskDescriptor* const streams = task.is_linear() ? &task : following;
  if (streams == nullptr || !streams->is_linear()) return;
  hint_linear(c, streams->linear);
  preload_linear<Shape>(c, stream, streams->linear, stages_ahead<Shape>(streams->linear), in_turn);
}

// Runs one task by all compute threads. When it returns, this thread's part is done: a barrier must
// stand between it and whoever reads the results, or the next body.
template <class Shape, class C>
MK_HD void run_body(C& c, WarpStream& stream, const TaskDescriptor& task, const Step& step) {
  // (A linear begins without its input, and what it then makes of nothing does no harm.)
  if (!task.is_linear() && !c.await_input()) return;
  switch (task.kind) {
    case TaskKind::kEmbedding:
      return run_embedding(c, task.embedding, step);
    case TaskKind::kRmsNorm:
      return run_rmsnorm<Shape>(c, task.rmsnorm, step);
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
    case TaskKind::kExpertLinear:
      return run_linears<Shape>(c, stream, task, step);
    case TaskKind::kAttention:
      return run_attention<Shape>(c, task.attention, step);
    case TaskKind::kAttentionMerge:
      return run_attention_merge(c, task.attention_merge, step);
    case TaskKind::kSiluMul:
      return run_silu_mul(c, task.silu_mul, step);
    case TaskKind::kArgmaxPartial:
      return run_argmax_partial<Shape>(c, task.argmax_partial, step);
    case TaskKind::kArgmaxReduce:
      return run_argmax_reduce(c, task.argmax_reduce, step);
    case TaskKind::kTopkSoftmax:
      return run_topk_softmax<Shape>(c, task.topk_softmax, step);
    case TaskKind::kExpertSiluMul:
      return run_expert_silu_mul(c, task.expert_silu_mul, step);
    case TaskKind::kWeightedSum:
      return run_weighted_sum(c, task.weighted_sum, step);
    case TaskKind::kPut:
      return run_put(c, task.put, step);
    case TaskKind::kReduce:
      return run_reduce(c, task.reduce, step);
    case TaskKind::kEmpty:
      return;
  }
}

}  // namespace mk::cuda
