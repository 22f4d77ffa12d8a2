#include "gpu_backend/host/bodies/next_weights.h"

#include <gtest/gtest.h>

#include "core/compiler.h"
#include "tests/gpu_backend/host/small_models.h"

namespace mk {
namespace {

struct SmallModel {
  std::shared_ptr<const TaskGraph> graph;
  ModelMemory memory;
  TaskBodies bodies;
};

SmallModel small_model(OperatorFusion fusion) {
  CompileOptions options;
  options.workers = 4;
  options.context = 1;
  options.fusion = fusion;
  options.tasks_of = {{"qkv", 5}, {"gate_up", 3}};
  Result<Compiled> compiled =
      compile_model(model_from_json(small_models::kLlama, "test", "small").value(),
                    {.batch_tokens = 1, .requests = 1, .max_context = 16}, options);
  const auto graph = std::make_shared<const TaskGraph>(std::move(compiled.value().graph));
  ModelMemory memory = ModelMemory::allocate(graph, {.dtype = DType::kBf16}).value();
  TaskBodies bodies = TaskBodies::bind(memory, 16).value();
  return {graph, std::move(memory), std::move(bodies)};
}

TEST(NextWeights, KnowsTheWeightsOfEveryTaskThatStreamsAny) {
  for (const OperatorFusion fusion :
       {OperatorFusion::kNone, OperatorFusion::kNormLinear, OperatorFusion::kNormGated}) {
    const SmallModel model = small_model(fusion);
    std::int64_t streamed = 0;
    for (std::uint32_t t = 0; t < model.graph->task_count(); ++t) {
      const auto weights = model.bodies.weights_of(TaskId(t));
      streamed += static_cast<std::int64_t>(weights.size());
      for (const Region& region : model.graph->regions(TaskId(t))) {
        const Tensor& tensor = model.graph->tensors()[region.tensor.index];
        const bool is_streamed = region.mode == AccessMode::kRead &&
                                 tensor.role == TensorRole::kWeight && tensor.shape.rank == 2 &&
                                 model.graph->tasks().kind[t] != TaskKind::kEmbedding;
        if (!is_streamed) continue;
        const std::int64_t row = tensor.shape.extent[1] * size_of(DType::kBf16);
        EXPECT_EQ(weights.data(),
                  model.memory.bytes_of(region.tensor).data() + region.begin[0] * row);
        EXPECT_EQ(static_cast<std::int64_t>(weights.size()),
                  (region.end[0] - region.begin[0]) * row);
      }
    }
    EXPECT_GT(streamed, 0);
  }
}

TEST(NextWeights, LooksPastTasksThatStreamNothing) {
  const SmallModel model = small_model(OperatorFusion::kNone);
  std::vector<std::uint32_t> in_hand;
  for (std::uint32_t t = 0; t < model.graph->task_count(); ++t) {
    if (model.bodies.weights_of(TaskId(t)).empty()) {
      if (in_hand.size() < 3) in_hand.push_back(t);
    } else if (in_hand.size() == 3) {
      in_hand.push_back(t);
      break;
    }
  }
  ASSERT_EQ(in_hand.size(), 4U);
  EXPECT_EQ(first_streaming(model.bodies, in_hand), in_hand.back());
  in_hand.pop_back();
  EXPECT_EQ(first_streaming(model.bodies, in_hand), kNoIndex);
}

}  // namespace
}  // namespace mk
