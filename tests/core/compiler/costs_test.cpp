// What tasks cost: facts/mpk.md 6.3, and totals that follow from the model's shape.
#include <gtest/gtest.h>

#include "core/compiler.h"
#include "core/expert_routing.h"

namespace mk {
namespace {

Compiled compiled(const char* model, const CompileOptions& options = {},
                  const StepShape& step = {}) {
  auto result = compile_model(*load_model(model), step, options);
  EXPECT_TRUE(result) << result.error().message;
  return std::move(*result);
}

const TaskClass& class_of(const TaskGraph& graph, std::string_view name) {
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (graph.op_of(TaskId(t)).name == name) return graph.class_of(TaskId(t));
  }
  ADD_FAILURE() << "no " << name;
  return graph.classes()[0];
}

std::int64_t sum(const TaskGraph& graph, const IterationState& state, Amount TaskClass::*amount) {
  std::int64_t total = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t)
    total += (graph.class_of(TaskId(t)).*amount).at(state);
  return total;
}

TEST(TaskCosts, AreThoseOfTheFactSheet) {
  const TaskGraph graph = compiled("qwen3-8b").graph;
  const IterationState state = decode_step(1, 1000);
  const auto weights = [&](const char* name) {
    return class_of(graph, name).weight_bytes.at(state);
  };
  EXPECT_EQ(weights("qkv"), 64 * 4096 * 2);
  EXPECT_EQ(weights("o_proj"), 64 * 4096 * 2);
  EXPECT_EQ(weights("gate_up"), 256 * 4096 * 2);
  EXPECT_EQ(weights("down"), 64 * 12288 * 2);
  EXPECT_EQ(weights("lm_head"), 1200 * 4096 * 2);
  EXPECT_EQ(class_of(graph, "qkv").preload_bytes, 64 * 4096 * 2);
  EXPECT_EQ(class_of(graph, "attention").kv_bytes.at(state), 512 * 1000);
  EXPECT_EQ(class_of(graph, "silu_mul").weight_bytes.at(state), 0);
}

// gate_up's tiles of 256 rows; norm weights are read once, the rest a token.
TEST(TaskCosts, AGatedLinearStreamsAllItsRowsAndWritesHalfAsMuch) {
  CompileOptions options;
  options.fusion = OperatorFusion::kNormGated;
  const TaskGraph graph = compiled("qwen3-8b", options).graph;
  const IterationState state = decode_step(1, 1000);
  const TaskClass& gated = class_of(graph, "gate_up");
  EXPECT_EQ(gated.weight_bytes.at(state), 256 * 4096 * 2);
  EXPECT_EQ(gated.preload_bytes, 256 * 4096 * 2);
  EXPECT_EQ(gated.activation_bytes.at(state), (4096 + 4096 + 128) * 2);
  EXPECT_EQ(gated.flops.at(state), 2 * 256 * 4096 + 4 * 4096 + 5 * 128);
  EXPECT_EQ(class_of(graph, "down").activation_bytes.at(state), (12288 + 2 * 64) * 2);
}

TEST(TaskCosts, StreamEachWeightOnce) {
  for (const char* model : {"qwen3-8b", "qwen3-4b", "smollm2-135m", "llama-3.1-70b"}) {
    for (const std::uint32_t workers : {2u, 104u, 128u}) {
      CompileOptions options;
      options.workers = workers;
      const ComputationGraph step = *build_decode_step(*load_model(model), {});
      EXPECT_EQ(sum(compiled(model, options).graph, decode_step(1, 5), &TaskClass::weight_bytes),
                step.streamed_weight_bytes().value)
          << model << ", " << workers << " workers";
    }
  }
}

TEST(TaskCosts, ReadTheWholeCacheWhateverTheTiles) {
  for (const Partition partition : {Partition::kMpk, Partition::kBalanced}) {
    CompileOptions options;
    options.partition = partition;
    options.workers = 3;
    const TaskGraph graph =
        compiled("smollm2-135m", options, {.batch_tokens = 4, .requests = 2}).graph;
    const IterationState state{.requests = {{99, 1}, {4, 0}}};  // the second is idle
    EXPECT_EQ(sum(graph, state, &TaskClass::kv_bytes), 30 * 3 * 2 * 64 * 2 * 100);
  }
}

TEST(TaskCosts, FlopsAreTwoAWeight) {
  const TaskGraph graph = compiled("qwen3-8b").graph;
  const double weights =
      static_cast<double>(sum(graph, decode_step(1, 1), &TaskClass::weight_bytes)) / 2;
  const auto flops = static_cast<double>(sum(graph, decode_step(1, 1), &TaskClass::flops));
  EXPECT_GT(flops, 2 * weights);
  EXPECT_LT(flops, 2.01 * weights);
}

TEST(TaskCosts, NothingIsReadForNothing) {
  const TaskGraph graph = compiled("qwen3-8b").graph;
  EXPECT_EQ(sum(graph, IterationState{}, &TaskClass::kv_bytes), 0);
}

TEST(TaskCosts, ClassesAreFewAndShared) {
  EXPECT_LE(compiled("qwen3-8b").graph.classes().size(), 16u);
}

// Split-KV: the parts of a context read it once together, the last one what is beyond.
TEST(TaskCosts, PartsOfAContextReadItOnce) {
  const TaskGraph whole = compiled("qwen3-8b", {}, {.max_context = 4096}).graph;
  const TaskGraph parts =
      compiled("qwen3-8b", {},
               {.max_context = 4096, .attention_parts = 4, .attention_positions = 256})
          .graph;
  for (const std::uint32_t context : {1u, 256u, 700u, 1024u, 4096u}) {
    const IterationState state = decode_step(1, context);
    EXPECT_EQ(sum(parts, state, &TaskClass::kv_bytes), sum(whole, state, &TaskClass::kv_bytes));
  }
  EXPECT_EQ(parts.task_count(), whole.task_count() + 36 * (8 * 3 + 8)) << "three parts, a merge";
}

TEST(TaskCosts, AreThoseOfAContiguousCacheWhereItIsPaged) {
  for (const std::uint32_t parts : {1u, 4u}) {
    StepShape step{.batch_tokens = 4, .requests = 2, .attention_parts = parts};
    step.attention_positions = parts > 1 ? 64 : 0;
    const TaskGraph whole = compiled("qwen3-8b", {}, step).graph;
    step.page_positions = 64;
    const TaskGraph paged = compiled("qwen3-8b", {}, step).graph;
    const IterationState state{.requests = {{99, 1}, {7, 2}}};
    for (const auto amount :
         {&TaskClass::kv_bytes, &TaskClass::activation_bytes, &TaskClass::flops})
      EXPECT_EQ(sum(paged, state, amount), sum(whole, state, amount)) << parts;
  }
}

TEST(ExpertRouting, OneTokenStreamsItsExpertsOnceALayer) {
  for (const Partition partition : {Partition::kMpk, Partition::kBalanced}) {
    CompileOptions options;
    options.partition = partition;
    const TaskGraph graph = compiled("qwen3-30b-a3b", options).graph;
    IterationState state = decode_step(1, 1);
    assume_even_routing(graph, state);
    EXPECT_EQ(state.activated_experts.size(), expert_group_count(graph));
    EXPECT_EQ(sum(graph, state, &TaskClass::weight_bytes),
              build_decode_step(*load_model("qwen3-30b-a3b"), {})->streamed_weight_bytes().value);
  }
}

TEST(ExpertRouting, SharesAllTokensOutOverNoMoreExpertsThanThereAre) {
  const TaskGraph graph = compiled("qwen3-30b-a3b", {}, {.batch_tokens = 16, .requests = 16}).graph;
  IterationState state = decode_step(16, 1);
  assume_even_routing(graph, state);
  std::uint64_t routed = 0, activated = 0;
  for (std::uint32_t g = 0; g < 10; ++g) {  // the groups of the first w13
    routed += state.routed_tokens[g];
    activated += state.activated_experts[g];
  }
  EXPECT_EQ(routed, 16u * 8);
  EXPECT_EQ(activated, 82u);  // 128 (1 - (1 - 8/128)^16) = 82.4
}

TEST(ExpertRouting, LeavesDenseModelsAlone) {
  const TaskGraph graph = compiled("smollm2-135m").graph;
  IterationState state = decode_step(1, 1);
  assume_even_routing(graph, state);
  EXPECT_EQ(state, decode_step(1, 1));
  EXPECT_EQ(expert_group_count(graph), 0u);
}

}  // namespace
}  // namespace mk
