#include "experiments/cli/checkpoint_tensors.h"

#include <gtest/gtest.h>

#include <set>

#include "core/computation_graph.h"

namespace mk::cli {
namespace {

TEST(CheckpointTensors, HoldAsManyElementsAsTheModelHasParameters) {
  for (const std::string& name : builtin_models()) {
    const ModelConfig model = load_model(name).value();
    std::int64_t elements = 0;
    for (const TensorSpec& tensor : checkpoint_tensors(model)) elements += element_count(tensor);

    EXPECT_EQ(elements, model.parameters()) << name;
  }
}

TEST(CheckpointTensors, AreThoseThatTheDecodeStepReads) {
  const ModelConfig model = load_model("qwen3-0.6b").value();
  const ComputationGraph graph = build_decode_step(model, {}).value();
  std::set<std::string> read;
  for (const Tensor& tensor : graph.tensors)
    read.insert(tensor.source.parameters.begin(), tensor.source.parameters.end());
  std::set<std::string> written;
  for (const TensorSpec& tensor : checkpoint_tensors(model)) written.insert(tensor.name);

  EXPECT_EQ(written, read);
}

}  // namespace
}  // namespace mk::cli
