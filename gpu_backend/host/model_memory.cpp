#include "gpu_backend/host/model_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/at_once.h"
#include "gpu_backend/host/bodies/paired_rows.h"
#include "gpu_backend/host/bodies/task_bodies.h"
#include "gpu_backend/host/bodies/weight_rows.h"

namespace mk {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kElementsAtOnce = std::int64_t{1} << 19;  // of one piece of work

// One tensor's weights: where they come from and where they go.
struct Filling {
  TensorId tensor{};
  WeightRows rows;
  std::vector<WeightTensor> parameters{};
};
struct Piece {
  const Filling* filling = nullptr;
  std::int64_t begin = 0;  // rows
  std::int64_t end = 0;
};

std::span<float> words_of(float* row, std::size_t count) { return {row, count}; }
std::span<std::uint16_t> words_of(Bf16* row, std::size_t count) {
  return {&row->bits, count};  // Bf16 is its bits
}

template <typename T>
void fill_rows(const ModelMemory& memory, const Piece& piece) {
  const WeightRows& rows = piece.filling->rows;
  const std::int64_t length = rows.row_length();
  T* data = memory.data<T>(piece.filling->tensor);
  for (std::int64_t row = piece.begin; row < piece.end; ++row) {
    T* target = data + row * length;
    const auto source = rows.source_of(row);
    if (!source) {
      std::fill_n(target, length, T{});
      continue;
    }
    piece.filling->parameters[source->parameter].read(
        static_cast<std::uint64_t>(source->row * rows.parameters()[source->parameter].shape.back() +
                                   rows.first_column()),
        words_of(target, static_cast<std::size_t>(length)));
    if constexpr (std::is_same_v<T, Bf16>) {
      if (rows.is_matrix()) pair_row(target, length);
    }
  }
}

Result<Filling> filling_of(const TaskGraph& graph, TensorId id, const WeightProvider& provider) {
  Result<WeightRows> rows = WeightRows::of(graph, id);
  if (!rows) return tl::unexpected(rows.error());
  Filling filling{.tensor = id, .rows = std::move(*rows)};
  const Tensor& tensor = graph.tensors()[id.index];
  for (const TensorSpec& wanted : filling.rows.parameters()) {
    Result<WeightTensor> parameter = provider.tensor(wanted);
    if (!parameter) return with_context(tensor.name, parameter.error());
    filling.parameters.push_back(std::move(*parameter));
  }
  return filling;
}

std::vector<Piece> pieces_of(const std::vector<Filling>& fillings) {
  std::vector<Piece> pieces;
  for (const Filling& filling : fillings) {
    const std::int64_t at_once =
        std::max<std::int64_t>(1, kElementsAtOnce / filling.rows.row_length());
    for (std::int64_t row = 0; row < filling.rows.rows(); row += at_once) {
      pieces.push_back({&filling, row, std::min(row + at_once, filling.rows.rows())});
    }
  }
  return pieces;
}

double gigabytes(std::int64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

}  // namespace

DType ModelMemory::type_of(TensorId id) const {
  const Tensor& tensor = graph_->tensors()[id.index];
  if (tensor.dtype == DType::kI32) return DType::kI32;
  const bool stored = tensor.role == TensorRole::kWeight || tensor.role == TensorRole::kKvCache;
  return stored ? dtype_ : DType::kF32;
}

std::span<const std::byte> ModelMemory::bytes_of(TensorId id) const { return mutable_bytes_of(id); }

std::span<std::byte> ModelMemory::mutable_bytes_of(TensorId id) const {
  const std::int64_t bytes = graph_->tensors()[id.index].shape.elements() * size_of(type_of(id));
  return {arena_.data() + offset_[id.index], static_cast<std::size_t>(bytes)};
}

Result<ModelMemory> ModelMemory::allocate(std::shared_ptr<const TaskGraph> graph,
                                          const ModelMemoryOptions& options) {
  if (options.dtype != DType::kF32 && options.dtype != DType::kBf16) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the host runs in f32 or bf16, not {}", name_of(options.dtype)));
  }

  ModelMemory memory(std::move(graph), options.dtype);
  std::size_t end = 0;
  std::int64_t weights = 0;
  std::int64_t cache = 0;
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    const Tensor& tensor = memory.graph().tensors()[t];
    const std::int64_t bytes = tensor.shape.elements() * size_of(memory.type_of(TensorId(t)));
    if (tensor.role == TensorRole::kWeight) weights += bytes;
    if (tensor.role == TensorRole::kKvCache) cache += bytes;
    memory.offset_.push_back(end);
    end += (static_cast<std::size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment;
  }
  memory.bytes_ = Bytes(static_cast<std::int64_t>(end));
  const Bytes limit = options.limit.value_or(available_memory());
  if (memory.bytes_ > limit) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} needs {:.2f} GB of memory in {} (weights {:.2f}, KV cache {:.2f}), "
                            "and {:.2f} GB are free",
                            memory.graph().info().model, gigabytes(memory.bytes_.value),
                            name_of(options.dtype), gigabytes(weights), gigabytes(cache),
                            gigabytes(limit.value)));
  }
  Result<HostArena> arena = HostArena::allocate(end);
  if (!arena) return tl::unexpected(arena.error());
  memory.arena_ = std::move(*arena);
  return memory;
}

Status ModelMemory::fill_weights(const WeightProvider& provider, std::uint32_t threads) {
  std::vector<Filling> fillings;
  for (std::uint32_t t = 0; t < graph_->tensors().size(); ++t) {
    if (graph_->tensors()[t].role != TensorRole::kWeight) continue;
    Result<Filling> filling = filling_of(*graph_, TensorId(t), provider);
    if (!filling) return tl::unexpected(filling.error());
    fillings.push_back(std::move(*filling));
  }
  const std::vector<Piece> pieces = pieces_of(fillings);
  const auto fill = [&](std::size_t at) {
    if (dtype_ == DType::kBf16) {
      fill_rows<Bf16>(*this, pieces[at]);
    } else {
      fill_rows<float>(*this, pieces[at]);
    }
  };
  for_each_at_once(pieces.size(), fill, threads);
  return {};
}

}  // namespace mk
