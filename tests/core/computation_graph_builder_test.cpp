#include "core/computation_graph_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr StepShape kStep{.batch_tokens = 1, .requests = 1, .max_context = 16};

template <typename Write>
std::string error_of(Write write, const StepShape& step = kStep) {
  ComputationGraphBuilder b("toy", step);
  write(b);
  const auto graph = std::move(b).build();
  return graph ? "" : graph.error().message;
}

TEST(ComputationGraphBuilder, NamesTheOperatorWhoseShapesDoNotFit) {
  EXPECT_THAT(error_of([](ComputationGraphBuilder& b) {
                const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
                b.linear("up", x, b.weight("w", {8, 32}));
              }),
              HasSubstr("toy: up: the input is [1, 64] of rank 2, not [1, 32]"));
  EXPECT_THAT(error_of([](ComputationGraphBuilder& b) {
                const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
                b.rmsnorm("norm", x, b.weight("w", {32}));
              }),
              AllOf(HasSubstr("norm"), HasSubstr("32"), HasSubstr("64")));
  EXPECT_THAT(error_of([](ComputationGraphBuilder& b) {
                const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
                AttentionParams p;
                p.heads = 4;
                p.kv_heads = 3;
                p.head_dim = 8;
                b.attention("attention", x, p);
              }),
              HasSubstr("attention: 4 heads, 3 KV heads"));
}

// Two columns of the output from four rows of the weight.
ComputationGraph gated_graph() {
  ComputationGraphBuilder b("toy", kStep);
  const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
  b.linear("gate_up", x, b.weight("w", {4, 64}), {.gated = true});
  return *std::move(b).build();
}

TEST(ComputationGraphBuilder, AGatedLinearWritesAColumnForTwoRows) {
  const ComputationGraph graph = gated_graph();
  const OperatorNode& node = graph.operators[1];
  EXPECT_EQ(graph.tensors[node.op.accesses.back().tensor.index].shape, (Shape{1, 2}));
  EXPECT_EQ(std::get<LinearParams>(node.op.params).out, 4);
  EXPECT_EQ(node.axes[0].extent, 2);
}

TEST(ComputationGraphBuilder, RefusesAGatedLinearOfNoPairsOrWithMoreToDo) {
  const auto error = [](Shape weight, const LinearOptions& options) {
    return error_of([&](ComputationGraphBuilder& b) {
      const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
      LinearOptions o = options;
      o.gated = true;
      if (o.residual) o.residual = b.linear("before", x, b.weight("v", {weight.extent[0], 64}));
      b.linear("gate_up", x, b.weight("w", weight), o);
    });
  };
  EXPECT_EQ(error({4, 64}, {}), "");
  EXPECT_THAT(error({5, 64}, {}), HasSubstr("gate_up: 5 rows, which are not pairs"));
  EXPECT_THAT(error({4, 64}, {.residual = TensorId(0)}), HasSubstr("gate_up: a gated linear"));
  EXPECT_THAT(error({4, 32}, {.silu_input = true}), HasSubstr("gate_up: a gated linear"));
}

TEST(ComputationGraph, RefusesAGatedLinearWhoseRowsDoNotFitItsOutputs) {
  ComputationGraph graph = gated_graph();
  EXPECT_TRUE(validate(graph));
  graph.operators[1].op.accesses[1].cut[0].granule = 1;
  EXPECT_THAT(validate(graph).error().message, HasSubstr("not cut as its outputs are"));
  graph = gated_graph();
  graph.tensors[graph.operators[1].op.accesses[2].tensor.index].shape = {1, 4};
  EXPECT_THAT(validate(graph).error().message, HasSubstr("4 rows for 4 outputs"));
}

TEST(ComputationGraphBuilder, KeepsTheFirstComplaint) {
  EXPECT_THAT(error_of([](ComputationGraphBuilder& b) {
                const TensorId x = b.embedding("embed", b.weight("table", {10, 64}));
                const TensorId y = b.linear("first", x, b.weight("w", {8, 32}));
                b.silu_mul("second", y);
                b.argmax(y, 99);
              }),
              HasSubstr("first"));
}

TEST(ComputationGraphBuilder, RefusesAnEmptyModelAndStep) {
  EXPECT_THAT(error_of([](ComputationGraphBuilder&) {}), HasSubstr("no operators"));
  EXPECT_THAT(error_of(
                  [](ComputationGraphBuilder& b) {
                    b.embedding("e", b.weight("t", {4, 4}));
                  },
                  {.batch_tokens = 0, .requests = 0, .max_context = 1}),
              HasSubstr("0 batch tokens"));
}

TEST(DecodeStep, HasEightOperatorsALayerAndElevenWithExperts) {
  EXPECT_EQ(build_decode_step(*load_model("qwen3-8b"), {})->operators.size(), 36u * 8 + 5);
  EXPECT_EQ(build_decode_step(*load_model("qwen3-30b-a3b"), {})->operators.size(), 48u * 11 + 5);
}

// Five operators a layer; `down` is a plain linear of what gate_up has gated.
TEST(DecodeStep, GatesAtTheEndOfGateUp) {
  const ComputationGraph graph =
      *build_decode_step(*load_model("llama-3.2-1b"), {}, OperatorFusion::kNormGated);
  ASSERT_EQ(graph.operators.size(), 16u * 5 + 4);
  const Operator& gate_up = graph.operators[4].op;
  const Operator& down = graph.operators[5].op;
  ASSERT_EQ(gate_up.name, "gate_up");
  EXPECT_EQ(gate_up.kind, TaskKind::kNormLinear);
  EXPECT_EQ(std::get<LinearParams>(gate_up.params),
            (LinearParams{2048, 2 * 8192, false, 1e-5, true}));
  EXPECT_EQ(graph.tensors[gate_up.accesses[2].tensor.index].source.layout,
            WeightLayout::kInterleavedRows);
  ASSERT_EQ(down.name, "down");
  EXPECT_EQ(down.kind, TaskKind::kLinear);
  EXPECT_EQ(down.accesses[0].tensor, gate_up.accesses[3].tensor);
  EXPECT_EQ(graph.tensors[down.accesses[0].tensor.index].shape, (Shape{1, 8192}));
  EXPECT_FALSE(std::get<LinearParams>(down.params).gated);
}

TEST(DecodeStep, StreamsWhatTheFactSheetSays) {
  const auto bytes = [](const char* name) {
    return static_cast<double>(
        build_decode_step(*load_model(name), {})->streamed_weight_bytes().value);
  };
  EXPECT_NEAR(bytes("qwen3-8b"), 15.15e9, 0.005e9);
}

TEST(DecodeStep, ATiedLmHeadReadsTheEmbeddingTable) {
  const ComputationGraph graph = *build_decode_step(*load_model("smollm2-135m"), {});
  const Operator& lm_head = graph.operators[graph.operators.size() - 3].op;
  ASSERT_EQ(lm_head.name, "lm_head");
  EXPECT_EQ(lm_head.accesses[1].tensor, graph.operators[0].op.accesses[1].tensor);
}

TEST(DecodeStep, PadsTheVocabularyLikeTheOpenCode) {
  const auto rows = [](const char* name) {
    const ComputationGraph graph = *build_decode_step(*load_model(name), {});
    const Operator& op = graph.operators[graph.operators.size() - 3].op;
    return graph.tensors[op.accesses[1].tensor.index].shape.extent[0];
  };
  EXPECT_EQ(rows("qwen3-8b"), 153600);
  EXPECT_EQ(rows("smollm2-135m"), 49152);
  EXPECT_EQ(rows("llama-3.1-8b"), 129024);
}

TEST(DecodeStep, NamesCheckpointParameters) {
  const ComputationGraph graph = *build_decode_step(*load_model("qwen3-0.6b"), {});
  for (const Tensor& tensor : graph.tensors) {
    if (tensor.name != "L3.qkv.weight") continue;
    EXPECT_EQ(tensor.source.layout, WeightLayout::kQkvByKvHead);
    EXPECT_THAT(tensor.source.parameters,
                ::testing::ElementsAre("model.layers.3.self_attn.q_proj.weight",
                                       "model.layers.3.self_attn.k_proj.weight",
                                       "model.layers.3.self_attn.v_proj.weight"));
    return;
  }
  FAIL() << "no L3.qkv.weight";
}

}  // namespace
}  // namespace mk
