// What devices hold, send and add up under --tp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/compiler.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ComputationGraph step(const char* model, std::uint32_t devices) {
  auto graph = build_decode_step(*load_model(model), {.devices = devices});
  EXPECT_TRUE(graph) << graph.error().message;
  return std::move(*graph);
}

TaskGraph compiled(const char* model, std::uint32_t devices, const CompileOptions& options = {}) {
  auto result = compile_model(*load_model(model), {.devices = devices}, options);
  EXPECT_TRUE(result) << result.error().message;
  return std::move(result->graph);
}

const Tensor& weight(const ComputationGraph& graph, std::string_view name, std::uint8_t device) {
  for (const Tensor& tensor : graph.tensors) {
    if (tensor.name == name && tensor.device == device) return tensor;
  }
  ADD_FAILURE() << "no " << name << " on device " << int{device};
  return graph.tensors[0];
}

TEST(TensorParallel, DevicesHoldTheirRowsOrColumns) {
  const ComputationGraph graph = step("qwen3-8b", 4);
  const Tensor& qkv = weight(graph, "L7.qkv.weight", 3);
  EXPECT_EQ(qkv.shape, (Shape{(8 + 2 * 2) * 128, 4096}));
  EXPECT_EQ(qkv.source.shard_dim, 0);
  EXPECT_EQ(qkv.source.shard, 3);
  EXPECT_EQ(qkv.source.shards, 4);
  EXPECT_EQ(qkv.source.kv_replicas, 1);
  const Tensor& down = weight(graph, "L7.down.weight", 2);
  EXPECT_EQ(down.shape, (Shape{4096, 12288 / 4}));
  EXPECT_EQ(down.source.shard_dim, 1);
  EXPECT_EQ(weight(graph, "lm_head.weight", 1).shape, (Shape{153600 / 4, 4096}));
  EXPECT_EQ(weight(graph, "L7.input_norm.weight", 1).source.shards, 1) << "the same everywhere";
}

TEST(TensorParallel, DevicesGateTheirOwnPairsOfRows) {
  const auto graph =
      build_decode_step(*load_model("qwen3-8b"), {.devices = 4}, OperatorFusion::kNormGated);
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_EQ(weight(*graph, "L7.gate_up.weight", 2).shape, (Shape{2 * 12288 / 4, 4096}));
  for (const OperatorNode& node : graph->operators) {
    if (node.op.name != "gate_up") continue;
    EXPECT_TRUE(std::get<LinearParams>(node.op.params).gated);
    EXPECT_EQ(graph->tensors[node.op.accesses.back().tensor.index].shape, (Shape{1, 12288 / 4}));
  }
}

TEST(TensorParallel, NeighboursHoldTheSameKvHeadWhereThereAreFewer) {
  const ComputationGraph graph = step("qwen3-30b-a3b", 8);
  const Tensor& qkv = weight(graph, "L0.qkv.weight", 5);
  EXPECT_EQ(qkv.shape, (Shape{(4 + 2) * 128, 2048}));
  EXPECT_EQ(qkv.source.kv_replicas, 2);
  EXPECT_EQ(weight(graph, "L0.w13.weight", 5).shape, (Shape{128, 2 * 768 / 8, 2048}));
  EXPECT_EQ(weight(graph, "L0.w2.weight", 5).shape, (Shape{128, 2048, 768 / 8}));
}

TEST(TensorParallel, ATiedOutputLayerIsASliceOfTheTable) {
  const ComputationGraph graph = step("qwen3-0.6b", 2);
  EXPECT_THAT(weight(graph, "lm_head.weight", 1).source.parameters,
              ElementsAre("model.embed_tokens.weight"));
}

// Every streamed byte is on exactly one device, but for KV heads that are held twice.
TEST(TensorParallel, SharesOutTheStreamedBytes) {
  for (const std::uint32_t devices : {2u, 4u, 8u}) {
    EXPECT_EQ(step("qwen3-8b", devices).streamed_weight_bytes().value,
              step("qwen3-8b", 1).streamed_weight_bytes().value);
  }
}

TEST(TensorParallel, OnlyTheFirstDeviceAddsTheResidual) {
  const ComputationGraph graph = step("qwen3-1.7b", 2);
  for (const OperatorNode& node : graph.operators) {
    if (node.op.name != "o_proj" && node.op.name != "down") continue;
    EXPECT_EQ(std::get<LinearParams>(node.op.params).residual, node.op.device == 0);
  }
}

TEST(TensorParallel, ReducesInTheOrderOfTheDevices) {
  const ComputationGraph graph = step("qwen3-1.7b", 3 + 1);
  for (const OperatorNode& node : graph.operators) {
    if (node.op.kind != TaskKind::kReduce) continue;
    ASSERT_EQ(node.op.accesses.size(), 5u);
    for (std::uint8_t rank = 0; rank < 4; ++rank) {
      const Tensor& part = graph.tensors[node.op.accesses[rank].tensor.index];
      EXPECT_EQ(part.device, node.op.device);
      const bool own = rank == node.op.device;
      EXPECT_EQ(part.role, own ? TensorRole::kActivation : TensorRole::kExchange);
      EXPECT_TRUE(own || part.name.ends_with(".from" + std::to_string(rank))) << part.name;
    }
  }
}

TEST(TensorParallel, DevicesNumberTheirTokensBehindOneAnother) {
  const ComputationGraph graph = step("qwen3-8b", 2);
  std::map<std::uint8_t, std::int64_t> first;
  for (const OperatorNode& node : graph.operators) {
    if (node.op.kind == TaskKind::kArgmaxPartial)
      first[node.op.device] = std::get<ArgmaxParams>(node.op.params).first_index;
  }
  EXPECT_EQ(first, (std::map<std::uint8_t, std::int64_t>{{0, 0}, {1, 76800}}));
}

TEST(TensorParallel, NamesWhatCannotBeSharedOut) {
  const auto error = [](const char* model, std::uint32_t devices) {
    const auto graph = build_decode_step(*load_model(model), {.devices = devices});
    return graph ? std::string("built") : graph.error().message;
  };
  EXPECT_THAT(error("smollm2-135m", 2), HasSubstr("smollm2-135m: --tp 2: 9 attention heads"));
  EXPECT_THAT(error("llama-3.2-1b", 3), HasSubstr("32 attention heads"));
  EXPECT_THAT(error("qwen3-8b", 0), HasSubstr("--tp 0"));
  EXPECT_THAT(error("qwen3-8b", 1000), HasSubstr("--tp 1000: 1 to 64"));
  ModelConfig model = *load_model("qwen3-8b");
  model.heads = 48;
  model.kv_heads = 12;
  const auto graph = build_decode_step(model, {.devices = 8});
  ASSERT_FALSE(graph);
  EXPECT_THAT(graph.error().message, HasSubstr("12 KV heads cannot be shared out evenly"));
}

// Per all-reduce and device: 64 tiles, each put to every peer and added up once.
TEST(TensorParallel, HasAPutForEachTileAndPeer) {
  const TaskGraph graph = compiled("qwen3-1.7b", 4);
  std::map<std::string, std::uint32_t> tasks;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (graph.op_of(TaskId(t)).layer == 0u && graph.op_of(TaskId(t)).device == 2)
      ++tasks[graph.op_of(TaskId(t)).name + (graph.tasks().kind[t] == TaskKind::kEmpty ? "!" : "")];
  }
  EXPECT_EQ(tasks["o_proj"], 32u);
  EXPECT_EQ(tasks["o_proj_put"], 32u * 3);
  EXPECT_EQ(tasks["o_proj_reduce"], 32u);
  EXPECT_EQ(tasks["o_proj_reduce!"], 32u) << "the device's own tile joins the peers'";
  EXPECT_EQ(graph.info().devices, 4);
}

TEST(TensorParallel, APutNotifiesAnEventOfItsPeer) {
  const TaskGraph graph = compiled("qwen3-1.7b", 2);
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (graph.tasks().kind[t] != TaskKind::kPut) continue;
    const TaskClass& cost = graph.class_of(TaskId(t));
    ASSERT_TRUE(cost.peer);
    EXPECT_NE(*cost.peer, graph.op_of(TaskId(t)).device);
    EXPECT_EQ(graph.events().device[graph.tasks().triggering_event[t]], *cost.peer);
    EXPECT_EQ(graph.events().device[graph.tasks().dependent_event[t]],
              graph.op_of(TaskId(t)).device);
  }
}

TEST(TensorParallel, SendsEachTileOnceToEachPeer) {
  const TaskGraph graph = compiled("qwen3-1.7b", 4);
  const IterationState state = decode_step(1, 16);
  std::int64_t sent = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t)
    sent += graph.class_of(TaskId(t)).bytes_sent.at(state);
  const std::int64_t all_reduce = 2048 * 2;
  const std::int64_t partial_results = 128 * (4 + 4);
  EXPECT_EQ(sent, 4 * 3 * (28 * 2 * all_reduce + partial_results));
}

// Without overlap an all-reduce is one event wide on each device.
TEST(TensorParallel, WithoutOverlapAnAllReduceWaitsForItsWholeInput) {
  for (const auto events : {EventGranularity::kGcd, EventGranularity::kExact}) {
    CompileOptions options;
    options.events = events;
    std::map<bool, std::set<std::uint32_t>> waited_for;
    for (const bool overlap : {true, false}) {
      options.overlap = overlap;
      const TaskGraph graph = compiled("qwen3-1.7b", 4, options);
      for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
        const Operator& op = graph.op_of(TaskId(t));
        if (op.kind == TaskKind::kReduce && op.device == 1 && op.layer == 3u &&
            op.name == "down_reduce" && graph.tasks().kind[t] == TaskKind::kReduce)
          waited_for[overlap].insert(graph.tasks().dependent_event[t]);
      }
    }
    EXPECT_EQ(waited_for[true].size(), 32u);
    EXPECT_EQ(waited_for[false].size(), 1u);
  }
}

TEST(TensorParallel, NamesTasksByDeviceAndPeer) {
  const TaskGraph graph = compiled("qwen3-1.7b", 2);
  std::set<std::string> names;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) names.insert(graph.task_name(TaskId(t)));
  EXPECT_EQ(names.size(), graph.task_count()) << "names are distinct";
  EXPECT_TRUE(names.contains("L3.down_put[5]@0>1"));
  EXPECT_TRUE(names.contains("L3.qkv[17]@1"));
}

}  // namespace
}  // namespace mk
