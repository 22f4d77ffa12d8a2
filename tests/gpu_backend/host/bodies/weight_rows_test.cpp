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
    for (std::uint32_t p = 0; p < tensor.source.parameters.size(); ++p) {
      std::int64_t elements = 1;
      for (const std::int64_t extent : rows->shape_of(p)) elements *= extent;
      holders[tensor.source.parameters[p]].resize(static_cast<std::size_t>(elements));
    }
    for (std::int64_t row = 0; row < rows->rows(); ++row) {
      const auto source = rows->source_of(row);
      if (!source) continue;
      const std::int64_t first =
          source->row * rows->shape_of(source->parameter).back() + rows->first_column();
      std::vector<int>& held = holders[tensor.source.parameters[source->parameter]];
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

TEST(WeightRows, CountColumnsOfTheWholeParameter) {
  const TaskGraph graph = graph_of(4);
  for (std::uint32_t t = 0; t < graph.tensors().size(); ++t) {
    const Tensor& tensor = graph.tensors()[t];
    if (tensor.name != "L0.down.weight" || tensor.device != 3) continue;
    const WeightRows rows = *WeightRows::of(graph, TensorId(t));
    EXPECT_EQ(rows.shape_of(0), (std::vector<std::int64_t>{32, 48}));
    EXPECT_EQ(rows.row_length(), 12);
    EXPECT_EQ(rows.first_column(), 36);
    return;
  }
  FAIL() << "no L0.down.weight on device 3";
}

}  // namespace
}  // namespace mk
