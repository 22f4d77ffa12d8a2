// TaskBodies' bodies of a mixture of experts.
//
// A token's choice number j of expert e has row (t, j) of the experts' tensors. An expert linear is
// a row of plain linears, one for each choice of its group's experts, as in the CUDA backend: an
// expert's weights come from memory once, and for its further tokens from the cache.
#include "core/check.h"
#include "gpu_backend/host/bodies/experts.h"
#include "gpu_backend/host/bodies/task_bodies.h"

namespace mk {
namespace {

// Whether entry `entry` of the activated list, expert `expert`, is of the tile's group.
bool is_of_group(const Operator& op, std::uint32_t tile, std::int64_t entry, std::int64_t expert) {
  const auto& params = std::get<MoeParams>(op.params);
  const std::uint32_t group = op.grid.coordinate(tile)[0];
  const std::uint32_t groups = op.grid.extent[0];
  if (params.schedule == ExpertSchedule::kStride) return entry % groups == group;
  const PartRange own = part_range(params.experts, 1, group, groups);
  return expert >= own.begin && expert < own.end;
}

}  // namespace

void TaskBodies::topk_softmax(const Operator& op) const {
  const auto& params = std::get<MoeParams>(op.params);
  route({.logits = memory_->data<float>(op.accesses[0].tensor),
         .expert = memory_->data<std::int32_t>(op.accesses[1].tensor),
         .weight = memory_->data<float>(op.accesses[2].tensor),
         .activated = memory_->data<std::int32_t>(op.accesses[3].tensor),
         .logits_stride = params.experts,
         .experts = params.experts,
         .top_k = params.top_k,
         .tokens = live_tokens_,
         .normalises = params.normalise_top_k});
}

template <typename W>
void TaskBodies::expert_linear(const Operator& op, std::uint32_t tile,
                               const std::byte* next) const {
  const auto& params = std::get<MoeParams>(op.params);
  const Tensor& input = tensor_of(op.accesses[0]);
  const Region rows = region_of(op, op.accesses[1], tensor_of(op.accesses[1]), tile);
  const float* x = memory_->data<float>(op.accesses[0].tensor);
  const W* weights = memory_->data<W>(op.accesses[1].tensor);
  const std::int32_t* expert = memory_->data<std::int32_t>(op.accesses[2].tensor);
  const std::int32_t* activated = memory_->data<std::int32_t>(op.accesses[3].tensor);
  float* y = memory_->data<float>(op.accesses[4].tensor) + rows.begin[1];
  const bool has_input_of_choice = input.shape.rank == 3;
  LinearArgs<W> linear{.in = params.in, .rows = rows.end[1] - rows.begin[1], .tokens = 1};
  const auto run = [&](const void* after) {
    linear.next = after;
    if (linear.weights != nullptr) kernels_->of<W>().linear(linear);
  };
  for (std::int64_t entry = 0; entry < activated[params.experts]; ++entry) {
    const std::int64_t wanted = activated[entry];
    if (!is_of_group(op, tile, entry, wanted)) continue;
    const W* of_expert = weights + (wanted * params.out + rows.begin[1]) * params.in;
    for (std::int64_t choice = 0; choice < live_tokens_ * params.top_k; ++choice) {
      if (expert[choice] != wanted) continue;
      run(of_expert);  // the one before, which asks ahead for this one's weights
      linear.weights = of_expert;
      linear.x = x + (has_input_of_choice ? choice : choice / params.top_k) * params.in;
      linear.y = y + choice * params.out;
    }
  }
  run(next);
}

template void TaskBodies::expert_linear<Bf16>(const Operator&, std::uint32_t,
                                              const std::byte*) const;
template void TaskBodies::expert_linear<float>(const Operator&, std::uint32_t,
                                               const std::byte*) const;

void TaskBodies::expert_silu_mul(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<MoeParams>(op.params);
  const Block choices = block_of(op, op.accesses[1], tile);  // rows are tokens, columns choices
  const float* gate_up = memory_->data<float>(op.accesses[0].tensor);
  float* y = memory_->data<float>(op.accesses[1].tensor);
  for (std::int64_t row = choices.row; row < choices.row + choices.rows; ++row) {
    const std::int64_t first = row * params.top_k + choices.column;
    kernels_->silu_mul({.gate_up = gate_up + first * 2 * params.out,
                        .y = y + first * params.out,
                        .gate_up_stride = 2 * params.out,
                        .y_stride = params.out,
                        .width = params.out,
                        .tokens = choices.columns});
  }
}

void TaskBodies::weighted_sum(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<MoeParams>(op.params);
  const Block out = block_of(op, op.accesses.back(), tile);
  const float* residual = params.residual ? memory_->data<float>(op.accesses[2].tensor) : nullptr;
  const std::int64_t first = out.row * params.top_k;
  mk::weighted_sum({.y = memory_->data<float>(op.accesses[0].tensor) + first * params.out,
                    .weight = memory_->data<float>(op.accesses[1].tensor) + first,
                    .residual = residual == nullptr ? nullptr : residual + out.row * params.out,
                    .out = memory_->data<float>(op.accesses.back().tensor) + out.row * params.out,
                    .width = params.out,
                    .top_k = params.top_k,
                    .tokens = out.rows,
                    .column = out.column,
                    .columns = out.columns});
}

}  // namespace mk
