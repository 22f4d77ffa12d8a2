// Whole models on CPU fibers: the descriptors, the bodies and the device's decode state give the
// tokens of the host backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/compiler.h"
#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/decode_state.h"
#include "gpu_backend/cuda/descriptors.h"
#include "gpu_backend/cuda/plain_rows.h"
#include "gpu_backend/host/bodies/rope.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/model_memory.h"
#include "tests/gpu_backend/cuda/fiber_block.h"
#include "tests/gpu_backend/host/small_models.h"

namespace mk::cuda::test {
namespace {

using Shape = BlockShape<2, 3, 1024>;
constexpr std::uint64_t kWorkBytes = 24 << 10;

constexpr const char* kLlama = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
  "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 2, "num_attention_heads": 4,
  "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 200, "max_position_embeddings": 64,
  "rope_theta": 10000.0, "tie_word_embeddings": true, "attention_bias": false,
  "hidden_act": "silu", "rms_norm_eps": 1e-05})";
constexpr const char* kQwen = R"({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
  "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 6,
  "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 130, "max_position_embeddings": 64,
  "rope_theta": 1000000.0, "tie_word_embeddings": false, "attention_bias": false,
  "hidden_act": "silu", "rms_norm_eps": 1e-06})";

struct ModelCase {
  const char* name;
  std::string_view config;
  StepShape shape;
  OperatorFusion fusion = OperatorFusion::kNone;
};

StepShape paged(StepShape shape) {
  shape.page_positions = 4;
  return shape;
}
StepShape split(StepShape shape) {
  shape.attention_parts = 3;
  shape.attention_positions = 3;
  return shape;
}

std::shared_ptr<const TaskGraph> graph_of(const ModelCase& c) {
  const Result<ModelConfig> model = model_from_json(c.config, "test", c.name);
  EXPECT_TRUE(model.has_value());
  Result<Compiled> compiled = compile_model(*model, c.shape,
                                            {.partition = Partition::kBalanced,
                                             .fusion = c.fusion,
                                             .workers = 6,
                                             .context = c.shape.max_context});
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

ModelMemory memory_of(const std::shared_ptr<const TaskGraph>& graph) {
  Result<ModelMemory> memory = ModelMemory::allocate(graph, {.dtype = DType::kBf16});
  EXPECT_TRUE(memory.has_value());
  EXPECT_TRUE(memory->fill_weights(WeightProvider::synthetic(5), 1).has_value());
  return std::move(*memory);
}

std::byte* address_of(const ModelMemory& memory, TensorId tensor) {
  switch (memory.type_of(tensor)) {
    case DType::kI32:
      return reinterpret_cast<std::byte*>(memory.data<std::int32_t>(tensor));
    case DType::kF32:
      return reinterpret_cast<std::byte*>(memory.data<float>(tensor));
    default:
      return reinterpret_cast<std::byte*>(memory.data<mk::Bf16>(tensor));
  }
}

// Brings the weights into the device's order.
void make_plain(const ModelMemory& memory) {
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    const Tensor& tensor = memory.graph().tensors()[t];
    if (tensor.role != TensorRole::kWeight) continue;
    const std::span<std::byte> stored(address_of(memory, TensorId(t)),
                                      static_cast<std::size_t>(2 * tensor.shape.elements()));
    std::ranges::copy(plain_rows(tensor, stored), stored.begin());
  }
}

std::vector<std::uint32_t> host_tokens(const ModelMemory& memory, const DecodeOptions& options) {
  Result<Decoder> decoder = Decoder::make(memory, options);
  EXPECT_TRUE(decoder.has_value());
  IterationState state;
  for (std::uint32_t i = 0; decoder->prepare(i, state); ++i) {
    for (std::uint32_t t = 0; t < memory.graph().task_count(); ++t) {
      if (memory.graph().tasks().kind[t] != TaskKind::kEmpty) decoder->execute(0, t, i);
    }
  }
  return decoder->result().generated;
}

// The device's decode state over host memory.
struct DecodeOnHost {
  DecodeOnHost(const ModelMemory& memory, const DecodeOptions& options, std::uint8_t device = 0)
      : setup(decode_setup(memory.graph(), options, device).value()),
        prompt(options.prompt.begin(), options.prompt.end()) {
    for (std::uint32_t i = 0; i < setup.plan.iterations(); ++i) {
      const RequestState r = setup.plan.state(i).requests[0];
      const bool generates = r.context_before + r.new_tokens >= setup.plan.prompt_tokens;
      steps.push_back({r.new_tokens * setup.plan.requests, r.new_tokens, r.context_before,
                       generates ? 1U : 0U});
    }
    generated.assign(steps.size() * setup.plan.requests, -1);
    state.steps = steps.data();
    state.iterations = setup.plan.iterations();
    state.requests = setup.plan.requests;
    state.prompt = prompt.data();
    state.input = memory.data<std::int32_t>(setup.token_ids);
    state.output = memory.data<std::int32_t>(setup.next_token);
    if (setup.pages.is_used()) {
      state.page_table = memory.data<std::int32_t>(setup.pages.table);
      state.page_order = setup.pages.order.data();
      state.page_positions = setup.pages.positions;
      state.pages_of_request = setup.pages.of_request;
    }
    state.generated = generated.data();
    state.generated_count = &count;
    state.ended_by_itself = &ended;
  }
  std::vector<std::uint32_t> tokens() const {
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back(static_cast<std::uint32_t>(generated[i * state.requests]));
    }
    return all;
  }

  DecodeSetup setup;
  std::vector<StepRow> steps{};
  std::vector<std::int32_t> prompt, generated{};
  std::uint32_t count = 0, ended = 0;
  DecodeState state{};
};

class WholeModel : public testing::TestWithParam<ModelCase> {};

TEST_P(WholeModel, GeneratesTheTokensOfTheHostBackend) {
  const auto graph = graph_of(GetParam());
  const ModelMemory host = memory_of(graph);
  const ModelMemory device = memory_of(graph);
  make_plain(device);
  DecodeOptions options;
  options.prompt = {5, 77, 12, 3, 99};
  options.generate = 4;
  if (GetParam().shape.page_positions != 0) {
    const std::uint32_t pages = 4 * GetParam().shape.requests;
    for (std::uint32_t p = 0; p < pages; ++p) options.page_order.push_back((3 * p + 1) % pages);
  }
  TensorAddresses addresses;
  for (std::uint32_t t = 0; t < graph->tensors().size(); ++t) {
    addresses.of_tensor.push_back(address_of(device, TensorId(t)));
  }
  std::vector<float> rope;
  for (const Operator& op : graph->operators()) {
    if (const auto* params = std::get_if<AttentionParams>(&op.params); params && rope.empty()) {
      rope = rope_table(*params, graph->info().max_context);
    }
  }
  addresses.rope = rope.data();
  ASSERT_TRUE(check_supported(*graph, {Shape::kWarps, kWorkBytes}).has_value());
  const Result<std::vector<TaskDescriptor>> tasks = make_descriptors(*graph, addresses);
  ASSERT_TRUE(tasks.has_value()) << tasks.error().message;
  DecodeOnHost decode(device, options);

  FiberGrid grid({.blocks = 1,
                  .warps = Shape::kWarps,
                  .shared_bytes = SharedMemory<Shape>::kFixedBytes + kWorkBytes,
                  .fixed_bytes = SharedMemory<Shape>::kFixedBytes,
                  .seed = 1});
  bool goes_on = decode.state.prepare(0);
  const std::string fault = grid.run([&](FiberContext& c) {
    init_shared<Shape>(c);
    WarpStream stream;
    for (std::uint32_t i = 0; goes_on; ++i) {
      for (const TaskDescriptor& task : *tasks) {
        run_body<Shape>(c, stream, task, step_of(decode.steps[i], task.request));
        c.sync();
      }
      if (c.thread() == 0) goes_on = decode.state.prepare(i + 1);
      c.sync();
    }
  });

  EXPECT_EQ(fault, "");
  EXPECT_EQ(decode.tokens(), host_tokens(host, options));
}

INSTANTIATE_TEST_SUITE_P(
    Models, WholeModel,
    testing::Values(
        ModelCase{"llama", kLlama, {1, 1, 16}}, ModelCase{"qwen3_by_4", kQwen, {4, 1, 16}},
        ModelCase{"qwen3_requests", kQwen, {4, 2, 16}},
        ModelCase{"qwen3_paged", kQwen, paged({4, 2, 16})},
        ModelCase{"qwen3_split", kQwen, split({4, 2, 16})},
        ModelCase{"llama_paged_and_split", kLlama, paged(split({3, 1, 16}))},
        ModelCase{"qwen3_moe", small_models::kQwen3Moe, {3, 1, 16}},
        ModelCase{"qwen3_moe_requests", small_models::kQwen3Moe, {4, 2, 16}},
        ModelCase{"qwen3_moe_30b", small_models::kQwen3Moe30b, {2, 1, 16}},
        ModelCase{"llama_fused", kLlama, {2, 1, 16}, OperatorFusion::kNormLinear},
        ModelCase{"qwen3_two_tiles", kQwen, {9, 9, 16}, OperatorFusion::kNormLinear},
        ModelCase{"llama_gated", kLlama, {1, 1, 16}, OperatorFusion::kNormGated},
        ModelCase{"qwen3_gated_by_4", kQwen, {4, 1, 16}, OperatorFusion::kNormGated},
        ModelCase{
            "qwen3_moe_gated", small_models::kQwen3Moe, {3, 1, 16}, OperatorFusion::kNormGated}),
    [](const auto& i) { return std::string(i.param.name); });

// Several devices, a block each, in one memory: each runs its tasks in order, waits for what they
// wait for, and notifies behind their data. With `kEarlyFlag` a put notifies before.
class DevicesOnFibers {
 public:
  DevicesOnFibers(const ModelCase& model, const DecodeOptions& options)
      : graph_(graph_of(model)), memory_(memory_of(graph_)) {
    make_plain(memory_);
    TensorAddresses addresses;
    for (std::uint32_t t = 0; t < graph_->tensors().size(); ++t) {
      addresses.of_tensor.push_back(address_of(memory_, TensorId(t)));
      if (graph_->tensors()[t].role != TensorRole::kExchange) continue;
      std::ranges::fill(memory_.mutable_bytes_of(TensorId(t)), std::byte{0xff});
    }
    rope_ = rope_table(*attention_of(*graph_), graph_->info().max_context);
    addresses.rope = rope_.data();
    for (std::uint8_t d = 0; d < devices(); ++d) {
      Result<std::vector<TaskDescriptor>> made = make_descriptors(*graph_, addresses, d);
      EXPECT_TRUE(made.has_value());
      tasks_.push_back(std::move(*made));
      decodes_.push_back(std::make_unique<DecodeOnHost>(memory_, options, d));
    }
  }

  // Empty iff nothing went wrong on the way.
  std::string run(std::uint64_t seed, bool early_flag) {
    FiberGrid grid({.blocks = devices(),
                    .warps = Shape::kWarps,
                    .shared_bytes = SharedMemory<Shape>::kFixedBytes + kWorkBytes,
                    .fixed_bytes = SharedMemory<Shape>::kFixedBytes,
                    .seed = seed});
    std::vector<char> goes_on(devices());
    for (std::uint32_t d = 0; d < devices(); ++d) goes_on[d] = decodes_[d]->state.prepare(0);
    return grid.run([&](FiberContext& c) {
      init_shared<Shape>(c);
      WarpStream stream;
      for (std::uint32_t i = 0; goes_on[c.block()] != 0; ++i) {
        run_iteration(c, stream, i, early_flag);
        meet(c, i);
        if (c.thread() == 0) goes_on[c.block()] = decodes_[c.block()]->state.prepare(i + 1);
        c.sync();
      }
    });
  }
  std::vector<std::uint32_t> tokens(std::uint32_t device) const {
    return decodes_[device]->tokens();
  }
  std::uint32_t devices() const { return graph_->info().devices; }

 private:
  static const AttentionParams* attention_of(const TaskGraph& graph) {
    for (const Operator& op : graph.operators()) {
      if (const auto* params = std::get_if<AttentionParams>(&op.params)) return params;
    }
    return nullptr;
  }

  void run_iteration(FiberContext& c, WarpStream& stream, std::uint32_t iteration,
                     bool early_flag) {
    for (std::uint32_t t = 0; t < graph_->task_count(); ++t) {
      if (graph_->op_of(TaskId(t)).device != c.block()) continue;
      const TaskDescriptor& task = tasks_[c.block()][t];
      const bool early = early_flag && task.kind == TaskKind::kPut;
      await(c, graph_->tasks().dependent_event[t], iteration);
      if (early && c.thread() == 0) ++counters_[graph_->tasks().triggering_event[t]];
      run_body<Shape>(c, stream, task, step_of(decodes_[0]->steps[iteration], task.request));
      c.sync();
      if (!early && c.thread() == 0) ++counters_[graph_->tasks().triggering_event[t]];
    }
  }
  void await(FiberContext& c, std::uint32_t event, std::uint32_t iteration) {
    if (event != 0 && c.thread() == 0) {
      const std::uint32_t wanted = graph_->events().trigger_count[event] * (iteration + 1);
      while (counters_[event] < wanted) c.yield();
    }
    c.sync();
  }
  void meet(FiberContext& c, std::uint32_t iteration) {
    if (c.thread() == 0) {
      ++boundary_;
      while (boundary_ < devices() * (iteration + 1)) c.yield();
    }
    c.sync();
  }

  std::shared_ptr<const TaskGraph> graph_;
  ModelMemory memory_;
  std::vector<float> rope_{};
  std::vector<std::vector<TaskDescriptor>> tasks_{};
  std::vector<std::unique_ptr<DecodeOnHost>> decodes_{};
  std::vector<std::uint32_t> counters_ = std::vector<std::uint32_t>(graph_->event_count(), 0);
  std::uint32_t boundary_ = 0;
};

constexpr const char* kFourHeads = R"({"architectures": ["Qwen3ForCausalLM"],
  "model_type": "qwen3", "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2,
  "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 16, "vocab_size": 130,
  "max_position_embeddings": 64, "rope_theta": 1000000.0, "tie_word_embeddings": false,
  "attention_bias": false, "hidden_act": "silu", "rms_norm_eps": 1e-06})";

DecodeOptions some_tokens() {
  DecodeOptions options;
  options.prompt = {5, 77, 12, 3, 99};
  options.generate = 4;
  return options;
}

TEST(SeveralDevices, GenerateTheTokensOfOne) {
  const ModelMemory one = memory_of(graph_of({"one", kFourHeads, {2, 1, 16}}));
  const std::vector<std::uint32_t> expected = host_tokens(one, some_tokens());
  for (const std::uint32_t devices : {2U, 4U}) {
    DevicesOnFibers several({"several", kFourHeads, {2, 1, 16, devices}}, some_tokens());

    EXPECT_EQ(several.run(devices, false), "");

    for (std::uint32_t d = 0; d < devices; ++d) EXPECT_EQ(several.tokens(d), expected);
  }
}

// Each device has a share of every expert, a page table and a cache of its own.
TEST(SeveralDevices, GenerateTheTokensOfOneOfAMixtureOfExpertsOverPages) {
  const ModelMemory one = memory_of(graph_of({"one", small_models::kQwen3Moe, {2, 1, 16}}));
  DevicesOnFibers two({"two", small_models::kQwen3Moe, paged(split({2, 1, 16, 2}))}, some_tokens());

  EXPECT_EQ(two.run(1, false), "");

  const std::vector<std::uint32_t> expected = host_tokens(one, some_tokens());
  for (std::uint32_t d = 0; d < 2; ++d) EXPECT_EQ(two.tokens(d), expected);
}

TEST(PlantedBug, AFlagBeforeItsDataIsFound) {
  const ModelMemory one = memory_of(graph_of({"one", kFourHeads, {2, 1, 16}}));
  const std::vector<std::uint32_t> expected = host_tokens(one, some_tokens());
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 10 && !found; ++seed) {
    DevicesOnFibers several({"several", kFourHeads, {2, 1, 16, 2}}, some_tokens());
    const std::string fault = several.run(seed, true);
    found = !fault.empty() || several.tokens(0) != expected || several.tokens(1) != expected;
  }
  EXPECT_TRUE(found);
}

TEST(CheckSupported, RefusesMoreDevicesThanADescriptorHolds) {
  const Result<ModelConfig> model = load_model("qwen3-8b");
  ASSERT_TRUE(model.has_value());
  const Result<Compiled> compiled = compile_model(*model, {1, 1, 64, 16}, {.context = 64});
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;

  const Status status = check_supported(compiled->graph, {11, 90000});

  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(status.error().message.find("made for 16 devices, at most 8"), std::string::npos);
}

TEST(CheckSupported, TakesAMixtureOfExpertsWhoseExpertsFit) {
  const Result<ModelConfig> model = load_model("qwen3-30b-a3b");
  ASSERT_TRUE(model.has_value());
  const Result<Compiled> compiled = compile_model(*model, {1, 1, 64}, {.context = 64});
  ASSERT_TRUE(compiled.has_value());

  EXPECT_TRUE(check_supported(compiled->graph, {11, 90000}).has_value());
  const Status status = check_supported(compiled->graph, {11, 8192});
  ASSERT_FALSE(status.has_value());
}

TEST(CheckSupported, RefusesAttentionOfSeveralRequestsInATask) {
  const Result<ModelConfig> model = load_model("qwen3-0.6b");
  CompileOptions options;
  options.context = 64;
  options.tasks_of = {{"attention", 4}};  // one a request, of all KV heads
  const Result<Compiled> compiled =
      compile_model(*model, {.batch_tokens = 4, .requests = 4, .max_context = 64}, options);
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  EXPECT_TRUE(check_supported(compiled->graph, {11, 90000}).has_value());

  options.tasks_of = {{"attention", 2}};
  const Result<Compiled> fewer =
      compile_model(*model, {.batch_tokens = 4, .requests = 4, .max_context = 64}, options);
  const Status status = check_supported(fewer->graph, {11, 90000});

  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message.find("4 requests over 2 tasks"), std::string::npos);
}

TEST(CheckSupported, RefusesMoreTokensThanTheBodiesTake) {
  const Result<ModelConfig> model = load_model("qwen3-0.6b");
  const Result<Compiled> compiled = compile_model(*model, {17, 1, 64}, {.context = 64});
  ASSERT_TRUE(compiled.has_value());

  const Status status = check_supported(compiled->graph, {11, 90000});

  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message.find("17 batch tokens, at most 16"), std::string::npos);
}

}  // namespace
}  // namespace mk::cuda::test
