// Which part of the checkpoint each device holds.
#include "gpu_backend/host/bodies/weight_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "core/compiler.h"

namespace mk {
namespace {

// How many devices hold each element of each parameter.
using Holders = std::map<std::string, std::vector<int>>;

Holders holders_of(const TaskGraph& graph) {
  Holders holders;
  for (std::uint32_t t = 0; t < graph.tensors().size(); ++t) {
    const Tensor& tensor = graph.tensors()[t];
    if (tensor.role != TensorRole::kWeight) continue;
    const auto rows = WeightRows::of(graph, TensorId(t));
    EXPECT_TRUE(rows) << rows.error().message;
    for (const TensorSpec& parameter : rows->parameters()) {
      holders[parameter.name].resize(static_cast<std::size_t>(element_count(parameter)));
    }
    for (std::int64_t row = 0; row < rows->rows(); ++row) {
      const auto source = rows->source_of(row);
      if (!source) continue;
      const TensorSpec& parameter = rows->parameters()[source->parameter];
      const std::int64_t first = source->row * parameter.shape.back() + rows->first_column();
      std::vector<int>& held = holders[parameter.name];
      for (std::int64_t i = 0; i < rows->row_length(); ++i)
        ++held.at(static_cast<std::size_t>(first + i));
    }
  }
  return holders;
}

TaskGraph graph_of(std::uint32_t devices) {
  ModelConfig model = *load_model("qwen3-8b");
  model.layers = 1;
  model.hidden = 32;
  model.intermediate = 48;
  model.heads = 8;
  model.kv_heads = 2;
  model.head_dim = 4;
  model.vocabulary = 200;  // padded to 256: the last device's rows end behind it
  auto compiled = compile_model(model, {.max_context = 8, .devices = devices}, {.context = 8});
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::move(compiled->graph);
}

// Matrices are shared out, each element once; K and V twice where there are twice as many devices
// as KV heads; norms and the embedding table are on every device.
TEST(WeightRows, ShareOutTheCheckpointOverTheDevices) {
  for (const int devices : {1, 2, 4}) {
    const Holders holders = holders_of(graph_of(static_cast<std::uint32_t>(devices)));
    EXPECT_GE(holders.size(), 14u);
    for (const auto& [name, held] : holders) {
      const bool everywhere =
          name.find("norm") != std::string::npos || name.find("embed") != std::string::npos;
      const bool is_kv =
          name.find("k_proj") != std::string::npos || name.find("v_proj") != std::string::npos;
      const int wanted = everywhere ? devices : is_kv ? std::max(1, devices / 2) : 1;
      for (const int count : held)
        ASSERT_EQ(count, wanted) << name << ", " << devices << " devices";
    }
  }
}

// w13's rows and w2's columns of each expert.
TEST(WeightRows, ShareOutEachExpertOverTheDevices) {
  ModelConfig model = *load_model("qwen3-30b-a3b");
  model.layers = 1;
  model.hidden = 32;
  model.heads = 4;
  model.kv_heads = 4;
  model.head_dim = 4;
  model.vocabulary = 64;
  model.moe->experts = 3;
  model.moe->top_k = 2;
  model.moe->intermediate = 8;
  for (const std::uint32_t devices : {1U, 4U}) {
    auto compiled = compile_model(model, {.max_context = 8, .devices = devices}, {.context = 8});
    ASSERT_TRUE(compiled) << compiled.error().message;
    const Holders holders = holders_of(compiled->graph);
    for (const char* name : {"gate_proj", "up_proj", "down_proj"}) {
      for (int expert = 0; expert < 3; ++expert) {
        const auto found = holders.find("model.layers.0.mlp.experts." + std::to_string(expert) +
                                        "." + name + ".weight");
        ASSERT_NE(found, holders.end()) << name << ' ' << expert;
        EXPECT_EQ(found->second, std::vector<int>(32 * 8, 1)) << name << ' ' << expert;
      }
    }
  }
}

TEST(WeightRows, CountColumnsOfTheWholeParameter) {
  const TaskGraph graph = graph_of(4);
  for (std::uint32_t t = 0; t < graph.tensors().size(); ++t) {
    const Tensor& tensor = graph.tensors()[t];
    if (tensor.name != "L0.down.weight" || tensor.device != 3) continue;
    const WeightRows rows = *WeightRows::of(graph, TensorId(t));
    EXPECT_EQ(rows.parameters()[0].shape, (std::vector<std::int64_t>{32, 48}));
    EXPECT_EQ(rows.row_length(), 12);
    EXPECT_EQ(rows.first_column(), 36);
    return;
  }
  FAIL() << "no L0.down.weight on device 3";
}

}  // namespace
}  // namespace mk
