// Decoding on host threads against a plain read of as many bytes, in the same run, in turns.
//
//   decode_benchmark [MODEL ...]        smollm2-135m qwen3-0.6b unless told; synthetic weights,
//   bf16
//
// bytes of a token = weights streamed + KV read; `share` is the decode's bandwidth over the plain
// read's, the median of several rounds of a run and as many reads, since the bandwidth of a shared
// machine changes from second to second. Threads: 2 (workers, no scheduler).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <thread>

#include "core/compiler.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/run_on_threads.h"
#include "tests/perf/plain_read.h"

namespace mk {
namespace {

constexpr std::uint32_t kThreads = 2;
constexpr std::uint32_t kPrompt = 8;
constexpr std::uint32_t kGenerate = 5;
constexpr int kRounds = 9;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Case {
  std::string model{};
  Partition partition = Partition::kMpk;
  Policy policy{};
};

double streamed_bytes(const TaskGraph& graph, const IterationState& state) {
  double bytes = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    const TaskClass& row = graph.class_of(TaskId(t));
    bytes += static_cast<double>(row.weight_bytes.at(state) + row.kv_bytes.at(state));
  }
  return bytes;
}

// Seconds that kThreads threads take to read `bytes` of the weights' memory.
double read_seconds(const std::byte* data, std::int64_t bytes) {
  const std::int64_t part = bytes / kThreads / 64 * 64;
  std::vector<std::uint64_t> sums(kThreads);
  const double start = seconds_now();
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] { sums[t] = plain_read(data + t * part, part); });
    }
  }
  const double seconds = seconds_now() - start;
  if (std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == 1) fmt::print("");
  return seconds;
}

Result<std::shared_ptr<const TaskGraph>> graph_of(const Case& one) {
  Result<ModelConfig> config = load_model(one.model);
  if (!config) return tl::unexpected(config.error());
  CompileOptions options;
  options.partition = one.partition;
  options.workers = one.partition == Partition::kBalanced ? kThreads : 128;
  options.context = kPrompt;
  Result<Compiled> compiled = compile_model(*config, {.max_context = 64}, options);
  if (!compiled) return tl::unexpected(compiled.error());
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

Status measure(const Case& one) {
  const auto graph = graph_of(one);
  if (!graph) return tl::unexpected(graph.error());
  Result<ModelMemory> memory = ModelMemory::allocate(*graph, {.dtype = DType::kBf16});
  if (!memory) return tl::unexpected(memory.error());
  Status filled = memory->fill_weights(WeightProvider::synthetic(1), kThreads);
  if (!filled) return filled;

  std::vector<double> decode;  // median of each round
  std::vector<double> read;
  std::vector<double> share;
  double bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    Result<Decoder> decoder = Decoder::make(
        *memory, {.prompt = std::vector<std::uint32_t>(kPrompt, 7), .generate = kGenerate});
    if (!decoder) return tl::unexpected(decoder.error());
    const Result<RunRecord> record = run_on_threads(
        *graph, *decoder, {.policy = one.policy, .roles = {kThreads, 0}, .record = false});
    if (!record) return tl::unexpected(record.error());
    std::vector<double> iterations;
    std::vector<double> reads;
    for (const IterationRecord& i : record->iterations) {
      iterations.push_back(static_cast<double>(i.end - i.start) * 1e-9);
    }
    bytes = streamed_bytes(**graph, record->iterations[kPrompt].state);
    const auto* data = memory->first_byte();
    const auto plain = std::min(static_cast<std::int64_t>(bytes), memory->bytes().value);
    for (std::size_t i = 0; i < record->iterations.size(); ++i) {
      reads.push_back(read_seconds(data, plain));
    }
    decode.push_back(median(iterations));
    read.push_back(median(reads));
    share.push_back(read.back() / decode.back());
  }
  fmt::print(
      "{:<14} {:<9} {:<7} {:<16} {:>6} {:>9.1f} {:>9.2f} {:>9.2f} {:>8.1f} {:>8.1f} {:>6.1f}\n",
      one.model, one.partition == Partition::kMpk ? "mpk" : "balanced", facts(one.policy.kind).name,
      name_of(one.policy.placement), (*graph)->task_count(), bytes * 1e-6, median(decode) * 1e3,
      median(read) * 1e3, bytes / median(decode) * 1e-9, bytes / median(read) * 1e-9,
      100 * median(share));
  std::fflush(stdout);
  return {};
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  std::vector<std::string> models(argv + 1, argv + argc);
  if (models.empty()) models = {"smollm2-135m", "qwen3-0.6b"};
  fmt::print("{:<14} {:<9} {:<7} {:<16} {:>6} {:>9} {:>9} {:>9} {:>8} {:>8} {:>6}\n", "model",
             "partition", "policy", "placement", "tasks", "MB", "decode_ms", "read_ms", "GB/s",
             "read_GB/s", "share%");
  const std::vector<mk::Policy> policies = {
      {.kind = mk::PolicyKind::kStatic},
      {.kind = mk::PolicyKind::kStatic, .placement = mk::Placement::kSwizzle},
      {.kind = mk::PolicyKind::kHybrid}};
  for (const std::string& model : models) {
    for (const mk::Partition partition : {mk::Partition::kMpk, mk::Partition::kBalanced}) {
      for (const mk::Policy& policy : policies) {
        if (const mk::Status status = mk::measure({model, partition, policy}); !status) {
          fmt::print(stderr, "{}\n", status.error().message);
          return 1;
        }
      }
    }
  }
}
