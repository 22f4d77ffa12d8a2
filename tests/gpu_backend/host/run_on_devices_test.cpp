// Several devices as groups of threads: what one device computes, whatever the policy and split.
#include "gpu_backend/host/run_on_devices.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "core/compiler.h"
#include "gpu_backend/host/decoder.h"
#include "tests/gpu_backend/host/small_models.h"
#include "tests/support/sequential_executor.h"

namespace mk {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kGenerate = 4;
constexpr double kTolerance = 1e-5;  // of the largest logit: sums are made in another order

// Heads for four devices.
constexpr std::string_view kModel = R"({
  "architectures": ["Qwen3ForCausalLM"], "hidden_size": 96, "intermediate_size": 192,
  "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 16,
  "vocab_size": 130, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
  "rope_theta": 1000000.0, "tie_word_embeddings": true, "hidden_act": "silu"})";

std::shared_ptr<const TaskGraph> graph_of(std::string_view model, const StepShape& step,
                                          const CompileOptions& how = {}) {
  const Result<ModelConfig> config = model_from_json(model, "test", "small");
  EXPECT_TRUE(config) << config.error().message;
  CompileOptions options = how;
  options.context = 1;
  options.workers = 6;
  Result<Compiled> compiled = compile_model(*config, step, options);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}
std::shared_ptr<const TaskGraph> graph_of(std::uint32_t devices, const CompileOptions& how = {}) {
  return graph_of(kModel, {.batch_tokens = 2, .max_context = 32, .devices = devices}, how);
}

ModelMemory memory_of(std::shared_ptr<const TaskGraph> graph) {
  Result<ModelMemory> memory = ModelMemory::allocate(std::move(graph), {.dtype = DType::kF32});
  EXPECT_TRUE(memory) << memory.error().message;
  EXPECT_TRUE(memory->fill_weights(WeightProvider::synthetic(3), 1));
  return std::move(*memory);
}

std::vector<Decoder> decoders_of(const ModelMemory& memory) {
  std::vector<Decoder> decoders;
  for (std::uint32_t d = 0; d < memory.graph().info().devices; ++d) {
    Result<Decoder> decoder = Decoder::make(
        memory, {.prompt = {5, 9, 100, 31, 7}, .generate = kGenerate, .capture_logits = true},
        static_cast<std::uint8_t>(d));
    EXPECT_TRUE(decoder) << decoder.error().message;
    decoders.push_back(std::move(*decoder));
  }
  return decoders;
}

DecodeResult result_of(std::vector<Decoder>& decoders) {
  std::vector<DecodeResult> results;
  for (Decoder& decoder : decoders) results.push_back(decoder.result());
  return join_devices(results);
}

DecodeResult on_one_device(std::shared_ptr<const TaskGraph> graph = graph_of(1)) {
  const ModelMemory memory = memory_of(std::move(graph));
  std::vector<Decoder> decoders = decoders_of(memory);
  run_sequentially(memory.graph(), decoders[0]);
  return result_of(decoders);
}

double largest_difference(const DecodeResult& a, const DecodeResult& b) {
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < a.logits.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a.logits[i])));
    difference = std::max(
        difference, std::abs(static_cast<double>(a.logits[i]) - static_cast<double>(b.logits[i])));
  }
  return difference / largest;
}

struct Case {
  std::uint32_t devices;
  PolicyKind kind;
  Roles roles;
  EventGranularity events = EventGranularity::kGcd;
  bool overlap = true;
};

std::string name_of_case(const ::testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return fmt::format("tp{}_{}_{}w{}s_{}{}", c.devices, facts(c.kind).name, c.roles.workers,
                     c.roles.schedulers, name_of(c.events), c.overlap ? "" : "_coarse");
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const std::uint32_t devices : {2U, 4U}) {
    cases.push_back({devices, PolicyKind::kStatic, {1, 0}});
    cases.push_back({devices, PolicyKind::kStatic, {3, 0}});
    cases.push_back({devices, PolicyKind::kAot, {2, 0}});
    for (const PolicyKind kind : {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid}) {
      cases.push_back({devices, kind, {1, 1}});
      cases.push_back({devices, kind, {3, 2}});
    }
    cases.push_back({devices, PolicyKind::kStatic, {2, 0}, EventGranularity::kGcd, false});
    cases.push_back({devices, PolicyKind::kHybrid, {2, 1}, EventGranularity::kGcd, false});
    cases.push_back({devices, PolicyKind::kStatic, {2, 0}, EventGranularity::kExact});
    cases.push_back({devices, PolicyKind::kJit, {2, 1}, EventGranularity::kOperator});
  }
  return cases;
}

class EachPolicyAndSplit : public ::testing::TestWithParam<Case> {};

TEST_P(EachPolicyAndSplit, DecodesWhatOneDeviceDecodes) {
  const Case& c = GetParam();
  const DecodeResult expected = on_one_device();
  const auto graph = graph_of(c.devices, {.events = c.events, .overlap = c.overlap});
  const ModelMemory memory = memory_of(graph);
  std::vector<Decoder> decoders = decoders_of(memory);

  const Result<RunRecord> record =
      run_on_devices(graph, decoders, {.policy = {.kind = c.kind}, .roles = c.roles});

  ASSERT_TRUE(record) << record.error().message;
  const DecodeResult got = result_of(decoders);
  EXPECT_TRUE(got.requests_agree) << "every device finds the same tokens";
  EXPECT_EQ(got.generated, expected.generated);
  ASSERT_EQ(got.logits.size(), expected.logits.size());
  EXPECT_LT(largest_difference(expected, got), kTolerance);
}

TEST_P(EachPolicyAndSplit, RecordsEveryTaskOnItsDevice) {
  const Case& c = GetParam();
  const auto graph = graph_of(c.devices, {.events = c.events, .overlap = c.overlap});
  const ModelMemory memory = memory_of(graph);
  std::vector<Decoder> decoders = decoders_of(memory);

  const Result<RunRecord> record =
      run_on_devices(graph, decoders, {.policy = {.kind = c.kind}, .roles = c.roles});

  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->lanes.size(), c.devices * (c.roles.workers + c.roles.schedulers));
  EXPECT_EQ(record->clocks.size(), c.devices);
  EXPECT_EQ(record->tasks.size(), std::size_t{graph->task_count()} * record->iterations.size());
  for (const TaskRecord& task : record->tasks) {
    ASSERT_EQ(record->lanes[task.lane].device, graph->op_of(TaskId(task.task)).device);
    ASSERT_NE(task.ready, kNotTaken) << graph->task_name(TaskId(task.task));
    ASSERT_LE(task.end, record->iterations[task.iteration].end + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(RunOnDevices, EachPolicyAndSplit, ::testing::ValuesIn(all_cases()),
                         name_of_case);

// Each device has a share of every expert, a page table and a cache of its own.
TEST(RunOnDevices, SharesOutAMixtureOfExpertsOverPagesAndPartsOfAContext) {
  StepShape step{.batch_tokens = 2, .max_context = 32};
  const DecodeResult expected = on_one_device(graph_of(small_models::kQwen3Moe, step));
  step = {.batch_tokens = 2,
          .max_context = 32,
          .devices = 2,
          .attention_parts = 2,
          .attention_positions = 4,
          .page_positions = 4};
  const auto graph = graph_of(small_models::kQwen3Moe, step);
  for (const PolicyKind kind : {PolicyKind::kStatic, PolicyKind::kHybrid}) {
    const ModelMemory memory = memory_of(graph);
    std::vector<Decoder> decoders = decoders_of(memory);
    ASSERT_TRUE(run_on_devices(graph, decoders, {.policy = {.kind = kind}, .roles = {2, 1}}));
    const DecodeResult got = result_of(decoders);
    EXPECT_EQ(got.generated, expected.generated);
    EXPECT_LT(largest_difference(expected, got), kTolerance);
  }
}

TEST(RunOnDevices, GivesTheSameBitsEveryTime) {
  const auto graph = graph_of(2);
  std::set<std::vector<float>> logits;
  for (const PolicyKind kind : {PolicyKind::kStatic, PolicyKind::kHybrid, PolicyKind::kAot}) {
    const ModelMemory memory = memory_of(graph);
    std::vector<Decoder> decoders = decoders_of(memory);
    ASSERT_TRUE(run_on_devices(graph, decoders, {.policy = {.kind = kind}, .roles = {2, 1}}));
    logits.insert(result_of(decoders).logits);
  }
  EXPECT_EQ(logits.size(), 1U);
}

TEST(RunOnDevices, SaysOnWhichDeviceWhoWaitsForWhat) {
  const auto graph = graph_of(2);
  const ModelMemory memory = memory_of(graph);
  std::vector<Decoder> decoders = decoders_of(memory);
  std::uint32_t lost = 0;
  while (graph->tasks().kind[lost] != TaskKind::kPut) ++lost;

  const Result<RunRecord> record = run_on_devices(graph, decoders,
                                                  {.policy = {.kind = PolicyKind::kStatic},
                                                   .roles = {2, 0},
                                                   .deadline_seconds = 0.3,
                                                   .injections = {.lost_notify = lost}});

  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::kStuck);
  EXPECT_THAT(record.error().message, HasSubstr("device 0: nothing moved"));
  EXPECT_THAT(record.error().message, HasSubstr("device 1: nothing moved"));
  EXPECT_THAT(record.error().message, HasSubstr("it is notified by"));
  EXPECT_THAT(record.error().message, HasSubstr(graph->task_name(TaskId(lost))));
}

TEST(RunOnDevices, RefusesDynamicLaunchesWithoutASchedulerADevice) {
  const auto graph = graph_of(2);
  const ModelMemory memory = memory_of(graph);
  std::vector<Decoder> decoders = decoders_of(memory);
  const Result<RunRecord> record =
      run_on_devices(graph, decoders, {.policy = {.kind = PolicyKind::kJit}, .roles = {2, 0}});
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr("2 devices: under jit it needs a scheduler"));
}

}  // namespace
}  // namespace mk
