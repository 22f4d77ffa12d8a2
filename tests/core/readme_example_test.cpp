// The example of the root README: a model written by hand. The README shows the lines between the
// two marks.
#include <gtest/gtest.h>

#include "core/compiler.h"
#include "core/computation_graph_builder.h"

namespace mk {
namespace {

// [readme]
Result<ComputationGraph> two_layer_model() {
  constexpr std::int64_t kHidden = 256, kHeads = 4, kHeadDim = 64, kInner = 512, kWords = 1024;
  ComputationGraphBuilder b("by-hand", {.batch_tokens = 1, .requests = 1, .max_context = 128});
  TensorId x = b.embedding("embed", b.weight("embed.weight", {kWords, kHidden}));
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    b.set_layer(layer);
    TensorId y = b.rmsnorm("input_norm", x, b.weight("input_norm.weight", {kHidden}));
    y = b.linear("qkv", y, b.weight("qkv.weight", {3 * kHeads * kHeadDim, kHidden}));
    AttentionParams attention;
    attention.heads = attention.kv_heads = kHeads;
    attention.head_dim = kHeadDim;
    y = b.attention("attention", y, attention);
    x = b.linear("o_proj", y, b.weight("o_proj.weight", {kHidden, kHeads * kHeadDim}),
                 {.residual = x});
    y = b.rmsnorm("post_norm", x, b.weight("post_norm.weight", {kHidden}));
    y = b.linear("gate_up", y, b.weight("gate_up.weight", {2 * kInner, kHidden}));
    y = b.silu_mul("silu_mul", y);
    x = b.linear("down", y, b.weight("down.weight", {kHidden, kInner}), {.residual = x});
  }
  b.set_layer(std::nullopt);
  x = b.rmsnorm("final_norm", x, b.weight("final_norm.weight", {kHidden}));
  b.argmax(b.linear("lm_head", x, b.weight("lm_head.weight", {kWords, kHidden})), kWords);
  return std::move(b).build();
}

Result<Compiled> compile_by_hand() {
  const Result<ComputationGraph> model = two_layer_model();
  if (!model) return tl::unexpected(model.error());
  return compile(*model, {.workers = 16, .context = 64});
}
// [readme]

TEST(ReadmeExample, CompilesToATaskGraph) {
  const auto compiled = compile_by_hand();
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(compiled->statistics.operators, 8u * 2 + 5);
  EXPECT_EQ(compiled->statistics.dummy_tasks, 0u);
  EXPECT_EQ(compiled->graph.info().model, "by-hand");
}

}  // namespace
}  // namespace mk
