#include "gpu_backend/cuda/descriptors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "gpu_backend/cuda/bodies/run_body.h"

namespace mk::cuda {
namespace {

std::uint32_t u32(std::int64_t value) { return static_cast<std::uint32_t>(value); }

// One task's regions as typed pointers to their first element.
class Tile {
 public:
  Tile(const TaskGraph& graph, const TensorAddresses& addresses, TaskId task)
      : graph_(graph), addresses_(addresses), regions_(graph.regions(task)) {}

  const Region& region(std::size_t access) const { return regions_[access]; }
  std::size_t accesses() const { return regions_.size(); }
  const Shape& shape(std::size_t access) const {
    return graph_.tensors()[regions_[access].tensor.index].shape;
  }
  std::int64_t begin(std::size_t access, std::size_t dim) const {
    return regions_[access].begin[dim];
  }
  std::int64_t size(std::size_t access, std::size_t dim) const {
    return regions_[access].end[dim] - regions_[access].begin[dim];
  }
  // Elements from one row of dimension 0 to the next.
  std::uint32_t stride(std::size_t access) const {
    return u32(shape(access).elements() / shape(access).extent[0]);
  }

  template <class T>
  T* at(std::size_t access) const {
    const Region& r = regions_[access];
    std::int64_t element = 0;
    for (std::size_t d = 0; d < kMaxRank; ++d) {
      element = element * shape(access).extent[d] + r.begin[d];
    }
    return whole<T>(access) + element;
  }
  // The tensor's first element, whatever the tile.
  template <class T>
  T* whole(std::size_t access) const {
    return reinterpret_cast<T*>(addresses_.of_tensor[regions_[access].tensor.index]);
  }

 private:
  const TaskGraph& graph_;
  const TensorAddresses& addresses_;
  std::vector<Region> regions_;
};

EmbeddingTask embedding(const Tile& tile, const EmbeddingParams& params) {
  return {tile.at<Bf16>(1), tile.at<std::int32_t>(0), tile.at<float>(2),     tile.stride(1),
          tile.stride(2),   u32(tile.size(2, 1)),     u32(params.vocabulary)};
}

RmsNormTask rmsnorm(const Tile& tile, const RmsNormParams& params) {
  return {tile.whole<float>(0),
          tile.at<Bf16>(1),
          tile.whole<float>(2),
          u32(params.hidden),
          u32(tile.begin(0, 0)),
          u32(tile.size(0, 0)),
          static_cast<float>(params.epsilon)};
}

// 0: the body of one token.
std::uint32_t token_tiles(std::uint32_t batch_tokens) {
  return batch_tokens == 1 ? 0 : (batch_tokens + kTileTokens - 1) / kTileTokens;
}

LinearTask linear(const Tile& tile, const LinearParams& params, TaskKind kind,
                  std::uint32_t tokens) {
  const bool is_normed = kind == TaskKind::kNormLinear;
  const std::size_t w = is_normed ? 2 : 1;
  const std::size_t y = w + (params.residual ? 2 : 1);
  LinearTask task{};
  task.weights = tile.at<Bf16>(w);
  task.x = tile.whole<float>(0);
  task.residual = params.residual ? tile.at<float>(w + 1) : nullptr;
  task.y = tile.at<float>(y);
  task.norm = is_normed ? tile.at<Bf16>(1) : nullptr;
  task.in = u32(params.in);
  task.rows = u32(tile.size(w, 0));
  task.x_stride = tile.stride(0);
  task.y_stride = tile.stride(y);
  task.input = is_normed                       ? LinearInput::kNorm
               : kind == TaskKind::kSiluLinear ? LinearInput::kSilu
                                               : LinearInput::kPlain;
  task.epsilon = static_cast<float>(params.epsilon);
  task.token_tiles = token_tiles(tokens);
  task.gated = params.gated ? 1 : 0;
  return task;
}

AttentionTask attention(const Tile& tile, const Operator& op, std::uint32_t number,
                        const float* rope) {
  const auto& params = std::get<AttentionParams>(op.params);
  const AttentionAccesses at = accesses_of(params);
  const bool is_paged = params.page_positions != 0;
  AttentionTask task{};
  task.qkv = tile.whole<float>(0) + tile.begin(0, 1);
  task.keys = tile.at<Bf16>(1);
  task.values = tile.at<Bf16>(2);
  task.q_norm = params.qk_norm ? tile.at<Bf16>(at.q_norm) : nullptr;
  task.k_norm = params.qk_norm ? tile.at<Bf16>(at.q_norm + 1) : nullptr;
  task.rope = rope;
  task.pages = is_paged ? tile.at<std::int32_t>(at.page_table) : nullptr;
  task.qkv_stride = tile.stride(0);
  task.group = u32(params.heads / params.kv_heads);
  task.head_dim = u32(params.head_dim);
  task.request = u32(tile.begin(at.requests, 0));
  task.kv_heads = u32(tile.size(1, 1));
  task.kv_stride = u32(tile.shape(1).extent[2] * params.head_dim);
  task.page_stride = tile.stride(1);
  task.page_shift = is_paged ? u32(std::countr_zero(u32(params.page_positions))) : 0;
  task.is_part = params.splits > 1 ? 1 : 0;
  task.y_stride = tile.stride(at.output);
  task.y_head_stride =
      task.is_part != 0 ? u32(params.splits * (params.head_dim + 2)) : u32(params.head_dim);
  const std::uint32_t part = task.is_part != 0 ? op.grid.coordinate(number)[2] : 0;
  const bool is_last = part + 1 == params.splits;
  task.y = tile.whole<float>(at.output) +
           tile.begin(1, 1) * std::int64_t{task.group} * task.y_head_stride +
           part * (params.head_dim + 2);
  task.first_position = u32(part * params.split_positions);
  task.end_position = is_last ? 0xffffffffU : task.first_position + u32(params.split_positions);
  task.epsilon = static_cast<float>(params.epsilon);
  return task;
}

AttentionMergeTask attention_merge(const Tile& tile, const Operator& op, std::uint32_t number,
                                   std::uint32_t requests) {
  const auto& params = std::get<AttentionParams>(op.params);
  const PartRange own = part_range(requests, 1, op.grid.coordinate(number)[0], op.grid.extent[0]);
  return {tile.whole<float>(0) + tile.begin(0, 1) * params.splits * (params.head_dim + 2),
          tile.whole<float>(1) + tile.begin(1, 1),
          tile.stride(0),
          tile.stride(1),
          u32(tile.size(0, 1)),
          u32(params.head_dim),
          params.splits,
          u32(own.begin)};
}

SiluMulTask silu_mul(const Tile& tile) {
  return {tile.at<float>(0), tile.at<float>(1), tile.stride(0), tile.stride(1),
          u32(tile.size(1, 1))};
}

ArgmaxPartialTask argmax_partial(const Tile& tile, const ArgmaxParams& params) {
  const std::int64_t begin = tile.begin(0, 1);
  const std::int64_t count =
      std::clamp(params.vocabulary - params.first_index - begin, std::int64_t{0}, tile.size(0, 1));
  return {tile.at<float>(0), tile.at<float>(1), tile.at<std::int32_t>(2),       tile.stride(0),
          tile.stride(1),    u32(count),        u32(params.first_index + begin)};
}

ArgmaxReduceTask argmax_reduce(const Tile& tile) {
  const std::size_t token = tile.accesses() - 1;
  ArgmaxReduceTask task{};
  task.base = tile.whole<unsigned char>(0);
  task.token = tile.whole<std::int32_t>(token);
  task.part_stride = tile.stride(0);
  task.parts = u32(tile.shape(0).extent[1]);
  task.first = u32(tile.begin(token, 0));
  task.rows = u32(tile.size(token, 0));
  task.devices = u32(static_cast<std::int64_t>(token / 2));
  for (std::size_t d = 0; d < token / 2; ++d) {
    const auto at = [&](std::size_t access) {
      return static_cast<std::int32_t>((tile.whole<unsigned char>(access) - task.base) /
                                       ArgmaxReduceTask::kUnit);
    };
    task.value_at[d] = at(2 * d);
    task.index_at[d] = at(2 * d + 1);
  }
  return task;
}

PutTask put(const Tile& tile) {
  const std::size_t tensors = tile.accesses() / 2;
  PutTask task{};
  for (std::size_t k = 0; k < tensors; ++k) {
    task.from[k] = tile.at<std::uint32_t>(k);
    task.to[k] = tile.at<std::uint32_t>(tensors + k);
  }
  task.tensors = u32(static_cast<std::int64_t>(tensors));
  task.stride = tile.stride(0);
  task.width = u32(tile.size(0, 1));
  return task;
}

ReduceTask reduce(const Tile& tile) {
  const std::size_t sum = tile.accesses() - 1;
  ReduceTask task{};
  for (std::size_t d = 0; d < sum; ++d) task.parts[d] = tile.at<float>(d);
  task.y = tile.at<float>(sum);
  task.devices = u32(static_cast<std::int64_t>(sum));
  task.part_stride = tile.stride(0);
  task.y_stride = tile.stride(sum);
  task.width = u32(tile.size(sum, 1));
  return task;
}

TopkSoftmaxTask topk_softmax(const Tile& tile, const MoeParams& params) {
  return {tile.whole<float>(0), tile.whole<std::int32_t>(1),
          tile.whole<float>(2), tile.whole<std::int32_t>(3),
          tile.stride(0),       u32(params.experts),
          u32(params.top_k),    params.normalise_top_k ? 1U : 0U};
}

ExpertLinearTask expert_linear(const Tile& tile, const MoeParams& params,
                               const std::array<std::uint32_t, 3>& at, const Grid& grid) {
  const PartRange experts = part_range(params.experts, 1, at[0], grid.extent[0]);
  ExpertLinearTask task{};
  task.weights = tile.whole<Bf16>(1) + tile.begin(1, 1) * params.in;
  task.x = tile.whole<float>(0);
  task.expert = tile.whole<std::int32_t>(2);
  task.activated = tile.whole<std::int32_t>(3);
  task.y = tile.whole<float>(4) + tile.begin(1, 1);
  task.expert_stride = static_cast<std::uint64_t>(params.out * params.in);
  task.in = u32(params.in);
  task.rows = u32(tile.size(1, 1));
  task.y_stride = u32(params.out);
  task.top_k = u32(params.top_k);
  task.experts = u32(params.experts);
  task.input_of_choice = tile.shape(0).rank == 3 ? 1 : 0;
  task.is_static = params.schedule == ExpertSchedule::kStatic ? 1 : 0;
  task.group = at[0];
  task.groups = grid.extent[0];
  task.first_expert = u32(experts.begin);
  task.end_expert = u32(experts.end);
  return task;
}

ExpertSiluMulTask expert_silu_mul(const Tile& tile, const MoeParams& params) {
  return {tile.whole<float>(0),  tile.whole<float>(1), u32(params.out),       u32(params.top_k),
          u32(tile.begin(0, 0)), u32(tile.size(0, 0)), u32(tile.begin(0, 1)), u32(tile.size(0, 1))};
}

WeightedSumTask weighted_sum(const Tile& tile, const MoeParams& params) {
  const std::size_t out = params.residual ? 3 : 2;
  return {tile.whole<float>(0),
          tile.whole<float>(1),
          params.residual ? tile.whole<float>(2) : nullptr,
          tile.whole<float>(out),
          u32(params.out),
          u32(params.top_k),
          u32(tile.begin(out, 0)),
          u32(tile.size(out, 0)),
          u32(tile.begin(out, 1)),
          u32(tile.size(out, 1))};
}

// The kinds of a mixture of experts; false iff it is none.
bool fill_expert_kind(TaskDescriptor& d, const Tile& tile, const Operator& op,
                      std::uint32_t number) {
  switch (d.kind) {
    case TaskKind::kTopkSoftmax:
      d.topk_softmax = topk_softmax(tile, std::get<MoeParams>(op.params));
      return true;
    case TaskKind::kExpertLinear:
      d.expert_linear =
          expert_linear(tile, std::get<MoeParams>(op.params), op.grid.coordinate(number), op.grid);
      return true;
    case TaskKind::kExpertSiluMul:
      d.expert_silu_mul = expert_silu_mul(tile, std::get<MoeParams>(op.params));
      return true;
    case TaskKind::kWeightedSum:
      d.weighted_sum = weighted_sum(tile, std::get<MoeParams>(op.params));
      return true;
    default:
      return false;
  }
}

TaskDescriptor descriptor_of(const TaskGraph& graph, const TensorAddresses& addresses,
                             TaskId task) {
  TaskDescriptor d;
  d.kind = graph.tasks().kind[task.index];
  if (d.kind == TaskKind::kEmpty) return d;
  const Tile tile(graph, addresses, task);
  const OperatorParams& params = graph.op_of(task).params;
  switch (d.kind) {
    case TaskKind::kEmbedding:
      d.embedding = embedding(tile, std::get<EmbeddingParams>(params));
      break;
    case TaskKind::kRmsNorm:
      d.rmsnorm = rmsnorm(tile, std::get<RmsNormParams>(params));
      break;
    case TaskKind::kAttention:
      d.attention =
          attention(tile, graph.op_of(task), graph.tasks().tile[task.index], addresses.rope);
      d.request = d.attention.request;
      break;
    case TaskKind::kAttentionMerge:
      d.attention_merge = attention_merge(tile, graph.op_of(task), graph.tasks().tile[task.index],
                                          graph.info().requests);
      d.request = d.attention_merge.request;
      break;
    case TaskKind::kSiluMul:
      d.silu_mul = silu_mul(tile);
      break;
    case TaskKind::kArgmaxPartial:
      d.argmax_partial = argmax_partial(tile, std::get<ArgmaxParams>(params));
      break;
    case TaskKind::kArgmaxReduce:
      d.argmax_reduce = argmax_reduce(tile);
      break;
    case TaskKind::kPut:
      d.put = put(tile);
      break;
    case TaskKind::kReduce:
      d.reduce = reduce(tile);
      break;
    default:
      if (fill_expert_kind(d, tile, graph.op_of(task), graph.tasks().tile[task.index])) break;
      d.linear = linear(tile, std::get<LinearParams>(params), d.kind, graph.info().batch_tokens);
  }
  return d;
}

// Vector loads and bulk copies need these.
bool is_aligned(const TaskDescriptor& d) {
  switch (d.kind) {
    case TaskKind::kEmbedding:
      return d.embedding.width % 4 == 0 &&
             reinterpret_cast<std::uintptr_t>(d.embedding.table) % 8 == 0;
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
      return reinterpret_cast<std::uintptr_t>(d.linear.weights) % 16 == 0 &&
             reinterpret_cast<std::uintptr_t>(d.linear.norm) % 16 == 0;
    case TaskKind::kExpertLinear:
      return reinterpret_cast<std::uintptr_t>(d.expert_linear.weights) % 16 == 0;
    default:
      return true;
  }
}

Status check_linear(const LinearParams& params, std::uint32_t tokens, const BlockNeeds& block) {
  if (params.in % 8 != 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("an input of {} columns, must be a multiple of 8", params.in));
  }
  // One token's input is staged; of several, parts of sums.
  const std::uint64_t bytes = tokens == 1 ? static_cast<std::uint64_t>(params.in) * 4
                                          : batch_work_bytes(block.warps, token_tiles(tokens));
  if (bytes > block.work_bytes) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("it takes {} bytes of shared memory, {} are free", bytes, block.work_bytes));
  }
  return {};
}

// Attention and its merge: a task's step is that of one request.
Status check_attention(const Operator& op, std::uint32_t requests, const BlockNeeds& block) {
  const auto& params = std::get<AttentionParams>(op.params);
  const auto head_dim = static_cast<std::uint64_t>(params.head_dim);
  if (!std::has_single_bit(head_dim) || head_dim < 16 || head_dim > kMaxHeadDim) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("heads of {}, must be a power of two from 16 to {}", head_dim, kMaxHeadDim));
  }
  if (op.grid.extent[0] != requests) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} requests over {} tasks, must be one each",
                                                     requests, op.grid.extent[0]));
  }
  if (op.kind == TaskKind::kAttention && op.grid.extent[2] != params.splits) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} parts of a context over {} tasks",
                                                     params.splits, op.grid.extent[2]));
  }
  if (attention_work_bytes(block.warps, u32(params.head_dim)) > block.work_bytes) {
    return fail(ErrorCode::kUnsupported, "its heads do not fit into the shared memory");
  }
  return {};
}

Status check_experts(const MoeParams& params, TaskKind kind, const BlockNeeds& block) {
  if (kind == TaskKind::kTopkSoftmax &&
      static_cast<std::uint64_t>(4 * params.experts) > block.work_bytes) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} experts do not fit into the shared memory", params.experts));
  }
  if (kind != TaskKind::kExpertLinear) return {};
  // One choice at a time, and where the block is behind it.
  BlockNeeds left = block;
  left.work_bytes -= std::min<std::uint64_t>(left.work_bytes, kRoutedBytes);
  return check_linear({.in = params.in, .out = params.out}, 1, left);
}

Status check_operator(const Operator& op, const GraphInfo& info, const BlockNeeds& block) {
  if (const auto* params = std::get_if<LinearParams>(&op.params)) {
    return check_linear(*params, info.batch_tokens, block);
  }
  if (std::holds_alternative<AttentionParams>(op.params)) {
    return check_attention(op, info.requests, block);
  }
  if (const auto* params = std::get_if<MoeParams>(&op.params)) {
    return check_experts(*params, op.kind, block);
  }
  if (const auto* params = std::get_if<RmsNormParams>(&op.params); params && params->hidden % 4) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("rows of {}, must be a multiple of 4", params->hidden));
  }
  return {};
}

}  // namespace

Status check_supported(const TaskGraph& graph, const BlockNeeds& block) {
  const GraphInfo& info = graph.info();
  if (info.devices > kMaxDevices) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: made for {} devices, at most {}",
                                                     info.model, info.devices, kMaxDevices));
  }
  if (info.batch_tokens > kMaxTokens) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: {} batch tokens, at most {}", info.model,
                                                     info.batch_tokens, kMaxTokens));
  }
  for (const Operator& op : graph.operators()) {
    if (Status ok = check_operator(op, info, block); !ok) {
      return with_context(fmt::format("{}, operator {}", info.model, op.name), ok.error());
    }
  }
  return {};
}

Result<std::vector<TaskDescriptor>> make_descriptors(const TaskGraph& graph,
                                                     const TensorAddresses& addresses,
                                                     std::optional<std::uint8_t> device) {
  MK_CHECK(addresses.of_tensor.size() == graph.tensors().size(), "every tensor has an address");
  std::vector<TaskDescriptor> descriptors;
  descriptors.reserve(graph.task_count());
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (device && graph.op_of(TaskId(t)).device != *device) {
      descriptors.emplace_back();
      continue;
    }
    descriptors.push_back(descriptor_of(graph, addresses, TaskId(t)));
    if (!is_aligned(descriptors.back())) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: {} begins where vector loads cannot; cut it otherwise",
                              graph.info().model, graph.task_name(TaskId(t))));
    }
  }
  return descriptors;
}

}  // namespace mk::cuda
