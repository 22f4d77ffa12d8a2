// The expert block of a compiled mixture-of-experts layer on CPU fibers, from the descriptors on,
// against double precision; and the router's choice alone.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "core/compiler.h"
#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/descriptors.h"
#include "tests/gpu_backend/cuda/fiber_block.h"

namespace mk::cuda::test {
namespace {

using ::testing::ElementsAre;
using Shape = BlockShape<2, 3, 1024>;
constexpr std::uint64_t kWorkBytes = 8 << 10;

constexpr std::int64_t kHidden = 64;
constexpr std::int64_t kWidth = 48;
constexpr std::int64_t kExperts = 6;
constexpr std::int64_t kTopK = 2;
constexpr const char* kModel = R"({"architectures": ["Qwen3MoeForCausalLM"],
  "model_type": "qwen3_moe", "hidden_size": 64, "intermediate_size": 96,
  "moe_intermediate_size": 48, "num_experts": 6, "num_experts_per_tok": 2,
  "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [],
  "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
  "vocab_size": 128, "max_position_embeddings": 64, "rope_theta": 10000.0,
  "tie_word_embeddings": true, "attention_bias": false, "hidden_act": "silu",
  "rms_norm_eps": 1e-06})";

FiberGrid::Options grid_options() {
  return {.blocks = 1,
          .warps = Shape::kWarps,
          .shared_bytes = SharedMemory<Shape>::kFixedBytes + kWorkBytes,
          .fixed_bytes = SharedMemory<Shape>::kFixedBytes,
          .seed = 5};
}

std::string run_tasks(const std::vector<TaskDescriptor>& tasks, const Step& step) {
  FiberGrid grid(grid_options());
  return grid.run([&](FiberContext& c) {
    init_shared<Shape>(c);
    WarpStream stream;
    for (const TaskDescriptor& task : tasks) {
      run_body<Shape>(c, stream, task, step);
      c.sync();
    }
  });
}

struct Case {
  const char* name;
  std::uint32_t tokens;
  std::uint32_t live;
  ExpertSchedule schedule;
  Partition partition = Partition::kBalanced;
};

TaskGraph graph_of(const Case& c) {
  const Result<ModelConfig> model = model_from_json(kModel, "test", "moe");
  EXPECT_TRUE(model.has_value());
  StepShape shape{c.tokens, c.tokens, 16};
  shape.experts = c.schedule;
  Result<Compiled> compiled =
      compile_model(*model, shape, {.partition = c.partition, .workers = 6, .context = 16});
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return std::move(compiled->graph);
}

// Every tensor of the graph, 64-byte aligned, filled at random as its type on the device is.
class Tensors {
 public:
  explicit Tensors(const TaskGraph& graph) : graph_(graph) {
    std::mt19937_64 engine(3);
    std::normal_distribution<float> normal(0, 1);
    for (const Tensor& tensor : graph.tensors()) {
      const auto n = static_cast<std::size_t>(tensor.shape.elements());
      storage_.push_back(std::make_unique<std::byte[]>(n * 4 + 64));
      const auto at = reinterpret_cast<std::uintptr_t>(storage_.back().get());
      std::byte* const data = storage_.back().get() + (64 - at % 64) % 64;
      for (std::size_t i = 0; i < n; ++i) {
        const float value = normal(engine);
        if (tensor.role == TensorRole::kWeight) {
          reinterpret_cast<Bf16*>(data)[i] = to_bf16(value);
        } else if (tensor.dtype != DType::kI32) {
          reinterpret_cast<float*>(data)[i] = value;
        }
      }
      addresses_.of_tensor.push_back(data);
    }
  }
  const TensorAddresses& addresses() const { return addresses_; }
  float* floats(TensorId t) const {
    return reinterpret_cast<float*>(addresses_.of_tensor[t.index]);
  }
  // Element i of a weight.
  double weight(TensorId t, std::int64_t i) const {
    return to_float(reinterpret_cast<const Bf16*>(addresses_.of_tensor[t.index])[i]);
  }

 private:
  const TaskGraph& graph_;
  std::vector<std::unique_ptr<std::byte[]>> storage_{};
  TensorAddresses addresses_{};
};

const Operator& find(const TaskGraph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.operators(), name, &Operator::name);
  EXPECT_NE(found, graph.operators().end()) << name;
  return *found;
}

using Row = std::vector<double>;

Row multiply(const Tensors& tensors, TensorId weights, std::int64_t first, std::int64_t rows,
             const Row& x) {
  Row y(static_cast<std::size_t>(rows), 0);
  const auto in = static_cast<std::int64_t>(x.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < in; ++i) {
      y[static_cast<std::size_t>(r)] +=
          tensors.weight(weights, (first + r) * in + i) * x[static_cast<std::size_t>(i)];
    }
  }
  return y;
}

// The block's output for one token, from the model's definition.
Row expert_block(const TaskGraph& graph, const Tensors& tensors, const Row& x,
                 const Row& residual) {
  const Row logits = multiply(tensors, find(graph, "router").accesses[1].tensor, 0, kExperts, x);
  std::vector<std::int64_t> order(kExperts);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater{},
                           [&](std::int64_t e) { return logits[static_cast<std::size_t>(e)]; });
  double total = 0;
  const auto share = [&](std::int64_t e) {
    return std::exp(logits[static_cast<std::size_t>(e)] -
                    logits[static_cast<std::size_t>(order[0])]);
  };
  for (std::int64_t j = 0; j < kTopK; ++j) total += share(order[static_cast<std::size_t>(j)]);
  Row y = residual;
  for (std::int64_t j = 0; j < kTopK; ++j) {
    const std::int64_t e = order[static_cast<std::size_t>(j)];
    const Row both =
        multiply(tensors, find(graph, "w13").accesses[1].tensor, e * 2 * kWidth, 2 * kWidth, x);
    Row h(kWidth);
    for (std::size_t i = 0; i < h.size(); ++i) {
      h[i] = both[2 * i] / (1 + std::exp(-both[2 * i])) * both[2 * i + 1];
    }
    const Row z = multiply(tensors, find(graph, "w2").accesses[1].tensor, e * kHidden, kHidden, h);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += share(e) / total * z[i];
  }
  return y;
}

Row row_of(const float* values, std::int64_t row) {
  return {values + row * kHidden, values + (row + 1) * kHidden};
}

class ExpertBlock : public testing::TestWithParam<Case> {};

TEST_P(ExpertBlock, AgreesWithDoublePrecision) {
  const TaskGraph graph = graph_of(GetParam());
  const Tensors tensors(graph);
  ASSERT_TRUE(check_supported(graph, {Shape::kWarps, kWorkBytes}).has_value());
  const auto all = make_descriptors(graph, tensors.addresses());
  ASSERT_TRUE(all.has_value()) << all.error().message;
  std::vector<TaskDescriptor> tasks;
  for (const char* name : {"router", "topk_softmax", "w13", "moe_silu_mul", "w2", "weighted_sum"}) {
    for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
      if (graph.tasks().kind[t] != TaskKind::kEmpty && graph.op_of(TaskId(t)).name == name) {
        tasks.push_back((*all)[t]);
      }
    }
  }
  const Operator& sum = find(graph, "weighted_sum");
  const float* const x = tensors.floats(find(graph, "router").accesses[0].tensor);
  const float* const residual = tensors.floats(sum.accesses[2].tensor);
  float* const out = tensors.floats(sum.accesses[3].tensor);
  std::fill_n(out, GetParam().tokens * kHidden, NAN);

  const std::string fault = run_tasks(tasks, {.rows = GetParam().live});

  EXPECT_EQ(fault, "");
  for (std::uint32_t t = 0; t < GetParam().tokens; ++t) {
    const Row want = expert_block(graph, tensors, row_of(x, t), row_of(residual, t));
    const double largest =
        std::abs(*std::ranges::max_element(want, {}, [](double v) { return std::abs(v); }));
    for (std::size_t i = 0; i < want.size(); ++i) {
      const float got = out[t * kHidden + static_cast<std::int64_t>(i)];
      if (t >= GetParam().live) {
        EXPECT_TRUE(std::isnan(got)) << "a dead row was written";
      } else {
        EXPECT_NEAR(got, want[i], 1e-5 * largest) << t << ' ' << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ExpertBlock,
    testing::Values(Case{"one_token", 1, 1, ExpertSchedule::kStride},
                    Case{"tokens_that_share_experts", 5, 5, ExpertSchedule::kStride},
                    Case{"dead_rows", 5, 3, ExpertSchedule::kStride},
                    Case{"ranges_of_experts", 4, 4, ExpertSchedule::kStatic},
                    Case{"as_mpk_cuts", 4, 4, ExpertSchedule::kStride, Partition::kMpk}),
    [](const auto& i) { return std::string(i.param.name); });

// What the router makes of those logits, rows of four experts.
struct Routed {
  Routed(std::vector<float> l, bool normalises, std::uint32_t rows) : logits(std::move(l)) {
    TaskDescriptor task;
    task.kind = TaskKind::kTopkSoftmax;
    task.topk_softmax = {
        logits.data(),       expert.data(), weight.data(), activated.data(), 4, 4, 2,
        normalises ? 1U : 0U};
    fault = run_tasks({task}, {.rows = rows});
  }
  std::vector<float> logits;
  std::vector<std::int32_t> expert = std::vector<std::int32_t>(4, -1);
  std::vector<float> weight = std::vector<float>(4, NAN);
  std::vector<std::int32_t> activated = std::vector<std::int32_t>(5, -1);
  std::string fault{};
};

TEST(Router, TakesTheFirstOfEqualsAndListsEachExpertOnce) {
  const Routed routed({1, 3, 3, 3, 0, 3, -1, 2}, true, 2);

  EXPECT_EQ(routed.fault, "");
  EXPECT_THAT(routed.expert, ElementsAre(1, 2, 1, 3));
  EXPECT_THAT(routed.activated, ElementsAre(1, 2, 3, -1, 3));
  EXPECT_FLOAT_EQ(routed.weight[0], 0.5F);
  EXPECT_FLOAT_EQ(routed.weight[2] + routed.weight[3], 1.0F);
}

TEST(Router, WithoutNormalisationWeighsAgainstAllExperts) {
  const Routed routed({0, 0, 0, 0}, false, 1);
  EXPECT_FLOAT_EQ(routed.weight[0], 0.25F);
  EXPECT_FLOAT_EQ(routed.weight[1], 0.25F);
}

TEST(Router, ChoosesSomeExpertsWhereLogitsAreNoNumbers) {
  const Routed routed({NAN, NAN, NAN, NAN}, true, 1);
  EXPECT_EQ(routed.fault, "");
  EXPECT_THAT(routed.expert, ElementsAre(0, 1, -1, -1));
}

}  // namespace
}  // namespace mk::cuda::test
