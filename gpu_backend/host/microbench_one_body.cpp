#include "gpu_backend/host/microbench_one_body.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/compiler.h"

namespace mk::microbench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLeastUs = 300;  // that a repetition runs a body

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Values that are neither zero nor extreme.
void fill(const ModelMemory& memory) {
  constexpr std::uint32_t kSmall = 0x3c00;  // 2^-7 as bf16
  constexpr std::uint32_t kSignAndDigits = 0x807f;
  std::uint32_t random = 1;
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    const TensorId tensor(t);
    const DType type = memory.type_of(tensor);
    const std::int64_t elements = memory.graph().tensors()[t].shape.elements();
    for (std::int64_t i = 0; i < elements && type != DType::kI32; ++i) {
      random = random * 1664525 + 1013904223;
      const std::uint32_t word = kSmall | ((random >> 16) & kSignAndDigits);
      if (type == DType::kBf16) {
        memory.data<Bf16>(tensor)[i] = std::bit_cast<Bf16>(static_cast<std::uint16_t>(word));
      } else {
        memory.data<float>(tensor)[i] = std::bit_cast<float>(word << 16);
      }
    }
  }
}

TaskGraph graph_of(const BodySize& size) {
  ComputationGraphBuilder builder("microbench",
                                  {.batch_tokens = size.tokens, .max_context = size.context});
  size.build(builder);
  Result<ComputationGraph> graph = std::move(builder).build();
  MK_CHECK(graph.has_value(), "the body's graph is well formed");
  CompileOptions options{.partition = Partition::kBalanced, .workers = 1, .context = size.context};
  for (const std::string& name : operator_names(*graph)) options.tasks_of[name] = 1;
  for (const auto& [name, tasks] : size.tasks_of) options.tasks_of[name] = tasks;
  Result<Compiled> compiled = compile(*graph, options);
  MK_CHECK(compiled.has_value(), "the body's graph can be cut so");
  return std::move(compiled->graph);
}

}  // namespace

Result<OneBody> OneBody::make(TaskKind kind, const BodySize& size) {
  Result<ModelMemory> memory = ModelMemory::allocate(
      std::make_shared<const TaskGraph>(graph_of(size)), {.dtype = DType::kBf16});
  if (!memory) return tl::unexpected(memory.error());
  OneBody body(std::move(*memory));
  body.bind(kind, size);
  return body;
}

void OneBody::bind(TaskKind kind, const BodySize& size) {
  const TaskGraph& graph = memory_->graph();
  Result<TaskBodies> bodies = TaskBodies::bind(*memory_, size.context);
  MK_CHECK(bodies.has_value(), "the host has a body for it");
  bodies_ = std::make_unique<TaskBodies>(std::move(*bodies));
  const IterationState state{.requests = {{size.context - size.tokens, size.tokens}}};
  bodies_->set_state(state);
  fill(*memory_);
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (graph.tasks().kind[t] == kind) tasks_.emplace_back(t);
  }
  MK_CHECK(!tasks_.empty(), "the kind is in its graph");
  if (kind == TaskKind::kEmbedding) find_rows();
  const TaskClass& amounts = graph.class_of(tasks_.front());
  amounts_.kib = static_cast<double>(amounts.activation_bytes.at(state)) / 1024;
  amounts_.flops = static_cast<double>(amounts.flops.at(state));
  weight_bytes_ = static_cast<double>(amounts.weight_bytes.at(state));
  repeated();  // what finds cold code is left out
  runs_ = static_cast<std::uint32_t>(std::max(1.0, kLeastUs / repeated().us));
}

void OneBody::find_rows() {
  const Operator& op = memory_->graph().op_of(tasks_.front());
  const Shape& table = memory_->graph().tensors()[op.accesses[1].tensor.index].shape;
  rows_ = static_cast<std::uint32_t>(table.extent[0]);
  ids_ = {memory_->data<std::int32_t>(op.accesses[0].tensor), memory_->graph().info().batch_tokens};
}

// An embedding finds other rows each time: they come from memory, as a prompt's do.
void OneBody::run_once() {
  constexpr std::uint32_t kApart = 7919;
  for (std::int32_t& id : ids_) id = static_cast<std::int32_t>((row_ += kApart) % rows_);
  bodies_->execute(tasks_[next_]);
  next_ = next_ + 1 == tasks_.size() ? 0 : next_ + 1;
}

BodyPoint OneBody::repeated() {
  const Clock::time_point start = Clock::now();
  for (std::uint32_t r = 0; r < runs_; ++r) run_once();
  BodyPoint point = amounts_;
  point.us = us_since(start) / runs_;
  return point;
}

BodyPoint OneBody::behind(std::span<const std::uint64_t> words) {
  constexpr int kRuns = 2;
  BodyPoint point = amounts_;
  for (int r = 0; r < kRuns; ++r) {
    std::uint64_t sum = std::accumulate(words.begin(), words.end(), std::uint64_t{0});
    asm volatile("" : "+r"(sum) : : "memory");
    static_cast<void>(Clock::now());  // the clock's own code is not the body's
    const Clock::time_point start = Clock::now();
    run_once();
    point.us += us_since(start) / kRuns;
  }
  return point;
}

}  // namespace mk::microbench
