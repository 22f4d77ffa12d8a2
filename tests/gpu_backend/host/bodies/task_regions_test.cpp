// Each body reads and writes nothing but the regions that the graph names: every task of a decode
// step is run once as it should be, and once with all memory outside the regions it reads poisoned.
// It must write the same, and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "core/compiler.h"
#include "gpu_backend/host/decoder.h"
#include "tests/gpu_backend/host/small_models.h"

namespace mk {
namespace {

using Bytes8 = std::vector<std::byte>;

// All tensors of a ModelMemory, as bytes.
class Memory {
 public:
  explicit Memory(const ModelMemory& memory) : memory_(memory) {}

  std::byte* data(TensorId tensor) const {
    switch (memory_.type_of(tensor)) {
      case DType::kBf16:
        return reinterpret_cast<std::byte*>(memory_.data<Bf16>(tensor));
      case DType::kI32:
        return reinterpret_cast<std::byte*>(memory_.data<std::int32_t>(tensor));
      default:
        return reinterpret_cast<std::byte*>(memory_.data<float>(tensor));
    }
  }
  std::size_t element(TensorId tensor) const {
    return static_cast<std::size_t>(size_of(memory_.type_of(tensor)));
  }
  std::size_t bytes(TensorId tensor) const {
    return static_cast<std::size_t>(tensors()[tensor.index].shape.elements()) * element(tensor);
  }
  std::span<const Tensor> tensors() const { return memory_.graph().tensors(); }
  std::int64_t batch_tokens() const { return memory_.graph().info().batch_tokens; }

  std::vector<Bytes8> copy() const {
    std::vector<Bytes8> all;
    for (std::uint32_t t = 0; t < tensors().size(); ++t) {
      all.emplace_back(data(TensorId(t)), data(TensorId(t)) + bytes(TensorId(t)));
    }
    return all;
  }
  void restore(const std::vector<Bytes8>& all) const {
    for (std::uint32_t t = 0; t < all.size(); ++t) {
      std::memcpy(data(TensorId(t)), all[t].data(), all[t].size());
    }
  }

 private:
  const ModelMemory& memory_;
};

// Rows of activations that a task has to do with: those of live tokens, for attention those of its
// request.
struct Rows {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

Rows rows_of(const TaskGraph& graph, TaskId task, const IterationState& state) {
  const Operator& op = graph.op_of(task);
  if (op.kind != TaskKind::kAttention && op.kind != TaskKind::kAttentionMerge) {
    return {0, state.live_tokens()};
  }
  EXPECT_EQ(op.grid.extent[0], state.requests.size()) << "a request a task";
  const std::size_t request = op.grid.coordinate(graph.tasks().tile[task.index])[0];
  Rows rows;
  for (std::size_t r = 0; r < request; ++r) rows.begin += state.requests[r].new_tokens;
  rows.end = rows.begin + state.requests[request].new_tokens;
  return rows;
}

// Calls visit(offset in bytes) for each element of a region that the task has to do with.
template <typename Visit>
void for_each_element(const Memory& memory, const Region& region, const Rows& rows,
                      const Visit& visit) {
  const Tensor& tensor = memory.tensors()[region.tensor.index];
  const auto& extent = tensor.shape.extent;
  const bool by_token =
      (tensor.role == TensorRole::kActivation || tensor.role == TensorRole::kToken) &&
      extent[0] == memory.batch_tokens();
  const std::int64_t begin0 = by_token ? std::max(region.begin[0], rows.begin) : region.begin[0];
  const std::int64_t end0 = by_token ? std::min(region.end[0], rows.end) : region.end[0];
  for (std::int64_t a = begin0; a < end0; ++a) {
    for (std::int64_t b = region.begin[1]; b < region.end[1]; ++b) {
      for (std::int64_t c = region.begin[2]; c < region.end[2]; ++c) {
        for (std::int64_t d = region.begin[3]; d < region.end[3]; ++d) {
          const std::int64_t at = ((a * extent[1] + b) * extent[2] + c) * extent[3] + d;
          visit(static_cast<std::size_t>(at) * memory.element(region.tensor));
        }
      }
    }
  }
}

// NaN as float and as bf16; as an id, past every table.
constexpr std::uint32_t kPoison = 0x7fff7fffU;

// Of what these write, data chooses the part: outputs of a group's experts, a list as long as the
// number of the chosen.
bool writes_what_data_chooses(TaskKind kind) {
  return kind == TaskKind::kExpertLinear || kind == TaskKind::kTopkSoftmax;
}

void poison_writes(const Memory& memory, const std::vector<Region>& regions, const Rows& rows,
                   std::vector<Bytes8>& all) {
  for (const Region& region : regions) {
    if (region.mode != AccessMode::kWrite) continue;
    for_each_element(memory, region, rows, [&](std::size_t at) {
      std::memcpy(all[region.tensor.index].data() + at, &kPoison, memory.element(region.tensor));
    });
  }
}

std::vector<Bytes8> poisoned_but_reads(const Memory& memory, const std::vector<Bytes8>& values,
                                       const std::vector<Region>& regions, const Rows& rows) {
  std::vector<Bytes8> all = values;
  for (Bytes8& bytes : all) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(kPoison >> (i % 4 * 8));
    }
  }
  for (const Region& region : regions) {
    if (region.mode != AccessMode::kRead) continue;
    const std::size_t size = memory.element(region.tensor);
    for_each_element(memory, region, rows, [&](std::size_t at) {
      std::memcpy(all[region.tensor.index].data() + at, values[region.tensor.index].data() + at,
                  size);
    });
  }
  return all;
}

void expect_task_stays_within_its_regions(const Memory& memory, const Decoder& decoder,
                                          const TaskGraph& graph, std::uint32_t task,
                                          const IterationState& state) {
  const Rows rows = rows_of(graph, TaskId(task), state);
  const std::vector<Region> regions = graph.regions(TaskId(task));
  const std::vector<Bytes8> before = memory.copy();
  if (writes_what_data_chooses(graph.tasks().kind[task])) {
    std::vector<Bytes8> poisoned = before;
    poison_writes(memory, regions, rows, poisoned);
    memory.restore(poisoned);
  }
  decoder.execute(0, task, 0);
  const std::vector<Bytes8> after = memory.copy();

  std::vector<Bytes8> expected = poisoned_but_reads(memory, before, regions, rows);
  memory.restore(expected);
  decoder.execute(0, task, 0);
  const std::vector<Bytes8> found = memory.copy();
  for (const Region& region : regions) {
    if (region.mode != AccessMode::kWrite) continue;
    const std::size_t size = memory.element(region.tensor);
    for_each_element(memory, region, rows, [&](std::size_t at) {
      std::memcpy(expected[region.tensor.index].data() + at, after[region.tensor.index].data() + at,
                  size);
    });
  }
  for (std::uint32_t t = 0; t < found.size(); ++t) {
    EXPECT_TRUE(found[t] == expected[t])
        << graph.task_name(TaskId(task)) << " and " << graph.tensors()[t].name;
  }
  memory.restore(before);
  decoder.execute(0, task, 0);
}

void expect_bodies_keep_to_their_regions(std::string_view json, OperatorFusion fusion, DType dtype,
                                         const StepShape& step = {
                                             .batch_tokens = 5, .requests = 2, .max_context = 16}) {
  const Result<ModelConfig> config = model_from_json(json, "test", "small");
  ASSERT_TRUE(config) << config.error().message;
  CompileOptions options;
  options.workers = 4;
  options.context = 1;
  options.fusion = fusion;
  options.tasks_of = {{"qkv", 5}, config->moe ? std::pair("w13", 6U) : std::pair("gate_up", 3U)};
  Result<Compiled> compiled = compile_model(*config, step, options);
  ASSERT_TRUE(compiled) << compiled.error().message;
  const auto graph = std::make_shared<const TaskGraph>(std::move(compiled->graph));
  Result<ModelMemory> memory = ModelMemory::allocate(graph, {.dtype = dtype});
  ASSERT_TRUE(memory) << memory.error().message;
  ASSERT_TRUE(memory->fill_weights(WeightProvider::synthetic(1), 1));
  Result<Decoder> decoder =
      Decoder::make(*memory, {.prompt = {1, 2, 3, 4, 5, 6, 7}, .generate = 1});
  ASSERT_TRUE(decoder) << decoder.error().message;

  const Memory bytes(*memory);
  IterationState state;
  for (std::uint32_t iteration = 0; iteration < 2; ++iteration) {
    ASSERT_TRUE(decoder->prepare(iteration, state));
    for (std::uint32_t task = 0; task < graph->task_count(); ++task) {
      if (iteration == 0) {
        decoder->execute(0, task, iteration);
      } else {
        expect_task_stays_within_its_regions(bytes, *decoder, *graph, task, state);
      }
    }
  }
}

TEST(TaskRegions, AreAllThatBodiesTouchInF32) {
  expect_bodies_keep_to_their_regions(small_models::kLlama, OperatorFusion::kNone, DType::kF32);
}

TEST(TaskRegions, AreAllThatBodiesTouchInBf16WithQkNorm) {
  expect_bodies_keep_to_their_regions(small_models::kQwen3, OperatorFusion::kNone, DType::kBf16);
}

TEST(TaskRegions, AreAllThatBodiesTouchOfPagesAndPartsOfAContext) {
  expect_bodies_keep_to_their_regions(small_models::kQwen3, OperatorFusion::kNone, DType::kBf16,
                                      {.batch_tokens = 5,
                                       .requests = 2,
                                       .max_context = 16,
                                       .attention_parts = 3,
                                       .attention_positions = 2,
                                       .page_positions = 4});
}

TEST(TaskRegions, AreAllThatBodiesOfAMixtureOfExpertsTouch) {
  expect_bodies_keep_to_their_regions(small_models::kQwen3Moe, OperatorFusion::kNone, DType::kBf16);
}

TEST(TaskRegions, AreAllThatFusedBodiesTouch) {
  expect_bodies_keep_to_their_regions(small_models::kLlama, OperatorFusion::kNormLinear,
                                      DType::kF32);
  expect_bodies_keep_to_their_regions(small_models::kQwen3, OperatorFusion::kNormGated,
                                      DType::kBf16);
}

}  // namespace
}  // namespace mk
