// Mixture of experts: the router's choice, the chosen experts' linears, silu and weighted sum.
//
// A token's choice number j of expert e has row (t, j) of the experts' tensors. An expert linear is
// a row of plain linears (linear.h), one for each choice of the experts that are its group's, on
// one token each: the tile's weights of an expert come from memory once and from L2 for its further
// tokens, and each output is summed as in any other linear, whoever else chose the expert.
#pragma once

#include "gpu_backend/cuda/bodies/linear.h"

namespace mk::cuda {

// The choice that comes after `before`: the largest logit that is smaller, or equal and behind it.
template <class C>
MK_HD Candidate next_choice(C& c, const float* logits, std::uint32_t experts, Candidate before) {
  Candidate best;
  for (std::uint32_t e = c.lane(); e < experts; e += 32) {
    const Candidate mine{logits[e], e};
    const bool is_left = before.index == 0xffffffffU || mine.value < before.value ||
                         (mine.value == before.value && mine.index > before.index);
    if (is_left) best = better(best, mine);
  }
  return best_of_warp(c, best);
}

// One token's choices and their weights, by one warp.
template <class C>
MK_HD void route_token(C& c, const TopkSoftmaxTask& task, std::uint32_t row) {
  const float* const logits = task.logits + std::uint64_t{row} * task.logits_stride;
  std::int32_t* const expert = task.expert + std::uint64_t{row} * task.top_k;
  float* const weight = task.weight + std::uint64_t{row} * task.top_k;
  Candidate choice;
  float highest = 0;
  float total = 0;
  for (std::uint32_t j = 0; j < task.top_k; ++j) {
    choice = next_choice(c, logits, task.experts, choice);
    if (choice.index == 0xffffffffU) choice.index = j;  // all logits NaN: some expert all the same
    if (j == 0) highest = choice.value;
    const float share = c.exp(choice.value - highest);
    total += share;
    if (c.lane() == 0) {
      expert[j] = static_cast<std::int32_t>(choice.index);
      weight[j] = share;
    }
  }
  if (task.normalises == 0) {
    total = 0;
    for (std::uint32_t e = c.lane(); e < task.experts; e += 32) total += c.exp(logits[e] - highest);
    total = c.sum(total, 32);
  }
  c.warp_sync();
  for (std::uint32_t j = c.lane(); j < task.top_k; j += 32) weight[j] /= total;
}

// Requires: 4 bytes of work area an expert.
template <class Shape, class C>
MK_HD void run_topk_softmax(C& c, const TopkSoftmaxTask& task, const Step& step) {
  for (std::uint32_t row = c.warp(); row < step.rows; row += c.warps()) route_token(c, task, row);
  c.sync();
  std::uint32_t* const is_chosen = work_of<std::uint32_t, Shape>(c);
  for (std::uint32_t e = c.thread(); e < task.experts; e += c.threads()) {
    is_chosen[e] = 0;
    for (std::uint32_t i = 0; i < step.rows * task.top_k; ++i) {
      if (static_cast<std::uint32_t>(task.expert[i]) == e) is_chosen[e] = 1;
    }
  }
  c.sync();
  // In order of their numbers: an expert's place is the number of chosen ones before it.
  for (std::uint32_t e = c.thread(); e <= task.experts; e += c.threads()) {
    const bool is_count = e == task.experts;
    if (!is_count && is_chosen[e] == 0) continue;
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < e; ++i) before += is_chosen[i];
    task.activated[is_count ? e : before] = static_cast<std::int32_t>(is_count ? before : e);
  }
}

// The first choice of an expert of the group's from `at` on, `at` counting choices (t * top_k + j)
// entry by entry of the activated list; `end`: none is left.
MK_INLINE std::uint32_t next_routed(const ExpertLinearTask& task, std::uint32_t choices,
                                    std::uint32_t at, std::uint32_t end) {
  for (; at < end; ++at) {
    const std::uint32_t entry = at / choices;
    const auto expert = static_cast<std::uint32_t>(task.activated[entry]);
    const bool is_mine = task.is_static != 0
                             ? expert >= task.first_expert && expert < task.end_expert
                             : entry % task.groups == task.group;
    if (is_mine && static_cast<std::uint32_t>(task.expert[at % choices]) == expert) break;
  }
  return at;
}

// Choice number `choice` of that expert as a plain linear.
MK_INLINE void write_routed(const ExpertLinearTask& task, std::uint32_t expert,
                            std::uint32_t choice, LinearTask& linear) {
  const std::uint64_t row = task.input_of_choice != 0 ? choice : choice / task.top_k;
  linear.weights = task.weights + std::uint64_t{expert} * task.expert_stride;
  linear.x = task.x + row * task.in;
  linear.residual = nullptr;
  linear.y = task.y + std::uint64_t{choice} * task.y_stride;
  linear.norm = nullptr;
  linear.in = task.in;
  linear.rows = task.rows;
  linear.x_stride = task.in;
  linear.y_stride = task.y_stride;
  linear.input = LinearInput::kPlain;
  linear.epsilon = 0;
  linear.token_tiles = 0;
  linear.gated = 0;
}

// Where a block is among the linears of its expert task: in shared memory, the end of the work
// area, so that it takes no register from the linear body.
struct alignas(16) RoutedState {
  LinearTask linear;
  std::uint32_t next;  // to be looked at
};
inline constexpr std::uint32_t kRoutedBytes = 128;
static_assert(sizeof(RoutedState) <= kRoutedBytes);

template <class Shape, class C>
MK_INLINE RoutedState& routed_state(C& c) {
  return *reinterpret_cast<RoutedState*>(shared_of<Shape>(c).work + c.work_bytes() - kRoutedBytes);
}

// The next linear of an expert task: in routed_state(), true iff there is one.
template <class Shape, class C>
MK_INLINE bool write_next_routed(C& c, const ExpertLinearTask& task, std::uint32_t rows) {
  RoutedState& state = routed_state<Shape>(c);
  const std::uint32_t choices = rows * task.top_k;
  const std::uint32_t end = static_cast<std::uint32_t>(task.activated[task.experts]) * choices;
  const std::uint32_t at = next_routed(task, choices, state.next, end);
  c.sync();  // all have read the state, and are done with the work area
  if (at >= end) return false;
  if (c.thread() == 0) {
    write_routed(task, static_cast<std::uint32_t>(task.activated[at / choices]), at % choices,
                 state.linear);
    state.next = at + 1;
  }
  c.sync();
  return true;
}

// A plain linear, or an expert task's linears one after the other: run_linear stands here once.
template <class Shape, class C>
MK_HD void run_linears(C& c, WarpStream& stream, const TaskDescriptor& task, const Step& step) {
  if (task.kind == TaskKind::kExpertLinear) {
    if (c.thread() == 0) routed_state<Shape>(c).next = 0;
    c.sync();
    if (!write_next_routed<Shape>(c, task.expert_linear, step.rows)) return;
  }
  do {
    const bool is_routed = task.kind == TaskKind::kExpertLinear;
    run_linear<Shape>(c, stream, is_routed ? routed_state<Shape>(c).linear : task.linear,
                      Step{is_routed ? 1 : step.rows, 0, 0, 0});
  } while (task.kind == TaskKind::kExpertLinear &&
           write_next_routed<Shape>(c, task.expert_linear, step.rows));
}

template <class C>
MK_HD void run_expert_silu_mul(C& c, const ExpertSiluMulTask& task, const Step& step) {
  const std::uint32_t end = task.first + task.rows < step.rows ? task.first + task.rows : step.rows;
  const std::uint32_t rows = end > task.first ? end - task.first : 0;
  for (std::uint32_t i = c.thread(); i < rows * task.choices * task.width; i += c.threads()) {
    const std::uint32_t column = i % task.width;
    const std::uint32_t choice = task.first_choice + i / task.width % task.choices;
    const std::uint64_t row =
        std::uint64_t{task.first + i / task.width / task.choices} * task.top_k + choice;
    const float* const pair = task.gate_up + (row * task.width + column) * 2;
    task.y[row * task.width + column] = silu(c, pair[0]) * pair[1];
  }
}

template <class C>
MK_HD void run_weighted_sum(C& c, const WeightedSumTask& task, const Step& step) {
  const std::uint32_t end = task.first + task.rows < step.rows ? task.first + task.rows : step.rows;
  const std::uint32_t rows = end > task.first ? end - task.first : 0;
  for (std::uint32_t i = c.thread(); i < rows * task.columns; i += c.threads()) {
    const std::uint64_t row = task.first + i / task.columns;
    const std::uint32_t column = task.first_column + i % task.columns;
    float sum = task.residual != nullptr ? task.residual[row * task.width + column] : 0.0F;
    for (std::uint32_t j = 0; j < task.top_k; ++j) {
      const std::uint64_t choice = row * task.top_k + j;
      sum += task.weight[choice] * task.y[choice * task.width + column];
    }
    task.out[row * task.width + column] = sum;
  }
}

}  // namespace mk::cuda
