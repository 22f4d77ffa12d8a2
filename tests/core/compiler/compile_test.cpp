// compile() as a whole: labels, statistics, refusals, DOT.
#include "core/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/computation_graph_builder.h"
#include "core/dot.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::vector<std::string> jit_operators(const char* model, const CompileOptions& options) {
  const auto compiled = compile_model(*load_model(model), {}, options);
  EXPECT_TRUE(compiled);
  std::map<std::string, bool> jit;
  for (std::uint32_t t = 0; t < compiled->graph.task_count(); ++t) {
    if (compiled->graph.tasks().label[t] == LaunchLabel::kJit)
      jit[compiled->graph.op_of(TaskId(t)).name] = true;
  }
  std::vector<std::string> names;
  for (const auto& [name, is_jit] : jit) names.push_back(name);
  return names;
}

TEST(Labels, OfADenseModelAreJitForAttentionOnly) {
  for (const auto events :
       {EventGranularity::kGcd, EventGranularity::kExact, EventGranularity::kOperator}) {
    CompileOptions options;
    options.events = events;
    EXPECT_THAT(jit_operators("qwen3-8b", options), UnorderedElementsAre("attention"));
  }
}

// weighted_sum is not data dependent, but starts in parts behind w2; the norm after it is a
// barrier.
TEST(Labels, StayJitUpToTheNextBarrier) {
  EXPECT_THAT(jit_operators("qwen3-30b-a3b", {}),
              UnorderedElementsAre("attention", "w13", "moe_silu_mul", "w2", "weighted_sum"));
}

TEST(Labels, EndAtABarrierBetweenOperators) {
  CompileOptions options;
  options.events = EventGranularity::kOperator;
  EXPECT_THAT(jit_operators("qwen3-30b-a3b", options),
              UnorderedElementsAre("attention", "w13", "moe_silu_mul", "w2"));
}

TEST(Compile, IsDeterministic) {
  const ModelConfig model = *load_model("smollm2-135m");
  EXPECT_EQ(compile_model(model, {}, {})->graph.hash(), compile_model(model, {}, {})->graph.hash());
}

TEST(Compile, SaysHowTheGraphWasMade) {
  CompileOptions options;
  options.partition = Partition::kBalanced;
  options.events = EventGranularity::kExact;
  options.fusion = OperatorFusion::kNormLinear;
  options.workers = 5;
  options.context = 77;
  const auto compiled = compile_model(
      *load_model("llama-3.2-1b"), {.batch_tokens = 3, .requests = 2, .max_context = 99}, options);
  ASSERT_TRUE(compiled) << compiled.error().message;
  const GraphInfo& info = compiled->graph.info();
  EXPECT_EQ(info.model, "llama-3.2-1b");
  EXPECT_EQ(info.batch_tokens, 3u);
  EXPECT_EQ(info.requests, 2u);
  EXPECT_EQ(info.max_context, 99u);
  EXPECT_EQ(info.context, 77u);
  EXPECT_EQ(info.workers, 5u);
  EXPECT_EQ(info.partition, "balanced");
  EXPECT_EQ(info.events, "exact");
  EXPECT_EQ(info.fusion, "norm-linear");
  EXPECT_TRUE(model_from_json(info.model_config, "graph", "again"));
}

TEST(Compile, WithFusedNormsOnlyTheGatingStaysAnOperatorOfItsOwn) {
  CompileOptions options;
  options.fusion = OperatorFusion::kNorm;
  const auto compiled = compile_model(*load_model("qwen3-8b"), {}, options);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->graph.info().fusion, "norm");
  EXPECT_EQ(compiled->statistics.operators, 36u * 6 + 4);
}

TEST(Compile, WithTheGatingInGateUpNoOperatorOfItsOwnIsLeft) {
  for (const auto& [name, layers] :
       {std::pair("llama-3.2-1b", 16u), std::pair("qwen3-0.6b", 28u)}) {
    CompileOptions options;
    options.fusion = OperatorFusion::kNormGated;
    const auto compiled = compile_model(*load_model(name), {.batch_tokens = 8}, options);
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_EQ(compiled->graph.info().fusion, "norm-gated");
    EXPECT_EQ(compiled->statistics.operators, layers * 5 + 4);
  }
}

TEST(Compile, ExpertsAreNotGatedByTheirLinears) {
  const ModelConfig model = *load_model("qwen3-30b-a3b");
  const auto graph = [&](OperatorFusion fusion) { return *build_decode_step(model, {}, fusion); };
  const ComputationGraph gated = graph(OperatorFusion::kNormGated);
  const ComputationGraph normed = graph(OperatorFusion::kNorm);
  EXPECT_TRUE(std::equal(gated.operators.begin(), gated.operators.end(), normed.operators.begin(),
                         normed.operators.end(),
                         [](const auto& a, const auto& b) { return a.op == b.op; }));
}

TEST(Compile, FusedVariantHasFiveOperatorsALayer) {
  CompileOptions options;
  options.fusion = OperatorFusion::kNormLinear;
  const auto compiled = compile_model(*load_model("qwen3-8b"), {}, options);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->statistics.operators, 36u * 5 + 4);
  EXPECT_EQ(compiled->statistics.dummy_tasks, 0u);
}

TEST(Compile, OperatorGranularityHasOneEventBetweenOperators) {
  CompileOptions options;
  options.events = EventGranularity::kOperator;
  const auto compiled = compile_model(*load_model("qwen3-8b"), {}, options);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->statistics.events, 292u + 3);
}

TEST(Compile, RefusesNonsenseAndNamesTheFlag) {
  const ModelConfig model = *load_model("smollm2-135m");
  const auto error = [&](const CompileOptions& options, const StepShape& step = {}) {
    const auto compiled = compile_model(model, step, options);
    return compiled ? std::string("compiled") : compiled.error().message;
  };
  EXPECT_THAT(error({.workers = 0}), HasSubstr("--workers"));
  EXPECT_THAT(error({.context = 5000}), HasSubstr("--context: 5000 tokens, the KV cache holds"));
  EXPECT_THAT(error({}, {.max_context = 100000}), HasSubstr("8192 positions"));
  EXPECT_THAT(error({}, {.batch_tokens = 1, .requests = 2}), HasSubstr("2 requests"));
}

TEST(Compile, RefusesAGraphThatReadsWhatNothingWrote) {
  ComputationGraph graph = *build_decode_step(*load_model("smollm2-135m"), {});
  graph.operators.erase(graph.operators.begin());
  const auto compiled = compile(graph, {});
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().message, HasSubstr("L0.input_norm: reads embed.out"));
}

TEST(Compile, RefusesTilesThatReadWhatOthersWrite) {
  ComputationGraph graph = *build_decode_step(*load_model("smollm2-135m"), {});
  for (OperatorNode& node : graph.operators) {
    if (node.op.name != "o_proj") continue;
    node.op.accesses.back().tensor = node.op.accesses[2].tensor;
    node.op.accesses[2].cut = {};  // the whole residual, written in place
  }
  const auto compiled = compile(graph, {});
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().message, HasSubstr("L0.o_proj: tiles touch what other tiles write"));
}

TEST(Compile, RefusesParametersOfAnotherKind) {
  ComputationGraph graph = *build_decode_step(*load_model("smollm2-135m"), {});
  graph.operators[2].op.params = NoParams{};
  EXPECT_THAT(compile(graph, {}).error().message, HasSubstr("L0.qkv: its parameters"));
}

TEST(Dot, ShowsOperatorsWithTheirTasksAndEvents) {
  ModelConfig model = *load_model("qwen3-8b");
  model.layers = 1;
  const auto compiled = compile_model(model, {}, {});
  ASSERT_TRUE(compiled);
  const std::string dot = to_dot(compiled->graph);
  EXPECT_THAT(dot, HasSubstr("digraph"));
  EXPECT_THAT(dot, HasSubstr("\"L0.attention\n8 x attention, JIT\""));
  EXPECT_THAT(dot, HasSubstr("6->7 [label=\"48\"]")) << "gate_up to silu_mul";
  EXPECT_EQ(std::count(dot.begin(), dot.end(), '>'), 12) << "a chain of 13 operators";
}

}  // namespace
}  // namespace mk
