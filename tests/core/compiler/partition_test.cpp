#include "core/compiler/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mk::compiler {
namespace {

using ::testing::HasSubstr;
using Grids = std::map<std::string, std::vector<std::uint32_t>>;

Result<PartitionedGraph> cut(const char* model, const CompileOptions& options,
                             const StepShape& step = {}) {
  return partition(*build_decode_step(*load_model(model), step, options.fusion), options);
}

// Name -> grid without trailing ones, of the first layer and what stands outside of layers.
Grids grids(const char* model, const CompileOptions& options, const StepShape& step = {}) {
  Grids result;
  const auto graph = cut(model, options, step);
  EXPECT_TRUE(graph) << graph.error().message;
  for (const Operator& op : graph->operators) {
    if (op.layer.value_or(0) != 0) continue;
    std::vector<std::uint32_t> grid(op.grid.extent.begin(), op.grid.extent.end());
    while (grid.size() > 1 && grid.back() == 1) grid.pop_back();
    result[op.name] = grid;
  }
  return result;
}

TEST(MpkPartition, IsThePublishedOneForTheDenseModel) {
  EXPECT_EQ(grids("qwen3-8b", {}), (Grids{{"embed", {1}},
                                          {"input_norm", {1}},
                                          {"qkv", {96}},
                                          {"attention", {1, 8}},
                                          {"o_proj", {64}},
                                          {"post_norm", {1}},
                                          {"gate_up", {96}},
                                          {"silu_mul", {48}},
                                          {"down", {64}},
                                          {"final_norm", {1}},
                                          {"lm_head", {128}},
                                          {"argmax_partial", {128}},
                                          {"argmax_reduce", {1}}}));
}

TEST(MpkPartition, IsThePublishedOneForExperts) {
  const Grids g = grids("qwen3-30b-a3b", {});
  EXPECT_EQ(g.at("qkv"), (std::vector<std::uint32_t>{64}));
  EXPECT_EQ(g.at("o_proj"), (std::vector<std::uint32_t>{16}));
  EXPECT_EQ(g.at("router"), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(g.at("topk_softmax"), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(g.at("w13"), (std::vector<std::uint32_t>{10, 12}));
  EXPECT_EQ(g.at("moe_silu_mul"), (std::vector<std::uint32_t>{1, 8}));
  EXPECT_EQ(g.at("w2"), (std::vector<std::uint32_t>{8, 16}));
  EXPECT_EQ(g.at("weighted_sum"), (std::vector<std::uint32_t>{1, 8}));
}

TEST(MpkPartition, IsThePublishedOneForTheFusedVariant) {
  CompileOptions options;
  options.fusion = OperatorFusion::kNormLinear;
  EXPECT_EQ(grids("qwen3-8b", options), (Grids{{"embed", {64}},
                                               {"qkv", {96}},
                                               {"attention", {1, 8}},
                                               {"o_proj", {64}},
                                               {"gate_up", {96}},
                                               {"down", {64}},
                                               {"lm_head", {128}},
                                               {"argmax_partial", {128}},
                                               {"argmax_reduce", {1}}}));
}

// 16,384 rows by 132 workers.
TEST(BalancedPartition, CutsAGatedLinearBetweenPairsOfRows) {
  CompileOptions options;
  options.partition = Partition::kBalanced;
  options.fusion = OperatorFusion::kNormGated;
  options.workers = 132;
  const auto graph = cut("llama-3.2-1b", options);
  ASSERT_TRUE(graph);
  for (const Operator& op : graph->operators) {
    if (op.name != "gate_up") continue;
    ASSERT_EQ(op.grid.tiles(), 132u);
    const auto region = [&](std::size_t access, std::uint32_t tile) {
      const Access& a = op.accesses[access];
      return region_of(op, a, graph->tensors[a.tensor.index], tile);
    };
    for (std::uint32_t tile = 0; tile < 132; ++tile) {
      EXPECT_EQ(region(2, tile).begin[0], 2 * region(3, tile).begin[1]);
      EXPECT_EQ(region(2, tile).end[0], 2 * region(3, tile).end[1]);
    }
    EXPECT_EQ(region(3, 131).end[1], 8192);
  }
}

TEST(MpkPartition, FollowsBatchRequestsAndWorkers) {
  CompileOptions options;
  options.workers = 104;
  const Grids g = grids("qwen3-8b", options, {.batch_tokens = 16, .requests = 4});
  EXPECT_EQ(g.at("input_norm"), (std::vector<std::uint32_t>{16}));
  EXPECT_EQ(g.at("attention"), (std::vector<std::uint32_t>{4, 8}));
  EXPECT_EQ(g.at("qkv"), (std::vector<std::uint32_t>{96}));
  EXPECT_EQ(g.at("lm_head"), (std::vector<std::uint32_t>{104}));
  EXPECT_EQ(g.at("argmax_partial"), (std::vector<std::uint32_t>{104}));
}

TEST(MpkPartition, CutsAVeryWideLinearByRows) {
  const Grids g = grids("llama-3.1-70b", {});
  EXPECT_EQ(g.at("gate_up"), (std::vector<std::uint32_t>{57344 / 256}));
  EXPECT_EQ(g.at("silu_mul"), (std::vector<std::uint32_t>{57344 / 512}));
}

// 153,600 rows by 104 workers: 1,476 or 1,477 rows each, and as many partial results as parts.
TEST(MpkPartition, SpreadsTheVocabularyInWholeRows) {
  CompileOptions options;
  options.workers = 104;
  const auto graph = cut("qwen3-8b", options);
  ASSERT_TRUE(graph);
  for (const Operator& op : graph->operators) {
    if (op.name == "argmax_partial") {
      const TensorId value = op.accesses.back().tensor;
      EXPECT_EQ(graph->tensors[value.index].shape, (Shape{1, 104}));
    }
    if (op.name != "lm_head") continue;
    const Access& weight = op.accesses[1];
    const Tensor& tensor = graph->tensors[weight.tensor.index];
    EXPECT_EQ(tensor.shape.extent[0], 153600);
    for (std::uint32_t t = 0; t < 104; ++t) {
      const Region r = region_of(op, weight, tensor, t);
      EXPECT_TRUE(r.end[0] - r.begin[0] == 1476 || r.end[0] - r.begin[0] == 1477);
    }
  }
}

// No wave is left half empty: as many streaming tasks as workers, parts of nearly the same size.
TEST(BalancedPartition, GivesEachWorkerOneTaskOfEachStreamingOperator) {
  for (const std::uint32_t workers : {1u, 2u, 3u, 108u, 128u, 132u, 148u}) {
    CompileOptions options;
    options.partition = Partition::kBalanced;
    options.workers = workers;
    for (const auto& [name, grid] : grids("qwen3-8b", options)) {
      const bool streams = name == "qkv" || name == "o_proj" || name == "gate_up" ||
                           name == "silu_mul" || name == "down" || name == "lm_head" ||
                           name == "argmax_partial";
      if (streams) {
        EXPECT_EQ(grid, (std::vector<std::uint32_t>{workers})) << name;
      }
    }
  }
}

TEST(BalancedPartition, SharesAttentionOutByRequestsThenHeads) {
  CompileOptions options;
  options.partition = Partition::kBalanced;
  options.workers = 2;
  EXPECT_EQ(grids("smollm2-135m", options).at("attention"), (std::vector<std::uint32_t>{1, 2}));
  options.workers = 16;
  EXPECT_EQ(grids("qwen3-8b", options, {.batch_tokens = 4, .requests = 4}).at("attention"),
            (std::vector<std::uint32_t>{4, 4}));
}

TEST(SetTasks, OverridesOneOperatorInEveryLayer) {
  CompileOptions options;
  options.tasks_of = {{"o_proj", 128}, {"w13", 60}};
  const Grids g = grids("qwen3-30b-a3b", options);
  EXPECT_EQ(g.at("o_proj"), (std::vector<std::uint32_t>{128}));
  EXPECT_EQ(g.at("w13")[0] * g.at("w13")[1], 60u);
  EXPECT_EQ(g.at("w2"), (std::vector<std::uint32_t>{8, 16}));
}

TEST(SetTasks, NamesWhatItRefuses) {
  CompileOptions options;
  options.tasks_of = {{"gateup", 8}};
  EXPECT_THAT(cut("qwen3-8b", options).error().message,
              ::testing::AllOf(HasSubstr("--set gateup.tasks"), HasSubstr("gate_up")));
  options.tasks_of = {{"attention", 9}};
  EXPECT_THAT(cut("qwen3-8b", options).error().message,
              HasSubstr("--set attention.tasks=9: cannot be cut so over 1 requests x 8 kv_heads"));
  options.tasks_of = {{"qkv", 0}};
  EXPECT_THAT(cut("qwen3-8b", options).error().message, HasSubstr("--set qkv.tasks: 0 tasks"));
}

// Heuristics made for big models must still give legal grids for others.
TEST(Partition, IsLegalForEveryBuiltInModel) {
  for (const std::string& model : builtin_models()) {
    for (const std::uint32_t workers : {1u, 7u, 128u}) {
      for (const Partition rule : {Partition::kMpk, Partition::kBalanced}) {
        CompileOptions options;
        options.workers = workers;
        options.partition = rule;
        const auto graph = cut(model.c_str(), options, {.batch_tokens = 3, .requests = 2});
        ASSERT_TRUE(graph) << graph.error().message;
        for (const Operator& op : graph->operators) {
          for (const Access& access : op.accesses) {
            const Tensor& tensor = graph->tensors[access.tensor.index];
            for (std::uint32_t t = 0; t < std::min(op.grid.tiles(), 200u); ++t) {
              const Region r = region_of(op, access, tensor, t);
              for (std::size_t d = 0; d < kMaxRank; ++d)
                ASSERT_LT(r.begin[d], r.end[d]) << model << " " << op.name << " " << tensor.name;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace mk::compiler
