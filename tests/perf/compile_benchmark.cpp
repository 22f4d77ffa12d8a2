// Compile times and memory: qwen3-8b in under 50 ms; a million tasks in under 1 s and 200 bytes a
// task at the peak (issue 2). Each benchmark prints what it measured; nothing here fails.
#include <benchmark/benchmark.h>

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "core/compiler.h"

namespace {

std::atomic<std::int64_t> live_bytes{0};
std::atomic<std::int64_t> peak_bytes{0};

void* counted(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  const auto bytes = static_cast<std::int64_t>(malloc_usable_size(memory));
  const std::int64_t now = live_bytes.fetch_add(bytes) + bytes;
  if (now > peak_bytes.load()) peak_bytes.store(now);
  return memory;
}

void uncounted(void* memory) {
  if (memory != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { uncounted(memory); }
void operator delete[](void* memory) noexcept { uncounted(memory); }
void operator delete(void* memory, std::size_t) noexcept { uncounted(memory); }
void operator delete[](void* memory, std::size_t) noexcept { uncounted(memory); }

namespace mk {
namespace {

void compile_once(benchmark::State& state, const ModelConfig& model,
                  const CompileOptions& options) {
  std::int64_t peak = 0;
  std::uint64_t tasks = 0;
  for (auto _ : state) {
    const std::int64_t before = live_bytes.load();
    peak_bytes = before;
    const auto compiled = compile_model(model, {}, options);
    if (!compiled) return state.SkipWithError(compiled.error().message.c_str());
    peak = peak_bytes.load() - before;
    tasks = compiled->statistics.tasks;
  }
  state.counters["tasks"] = static_cast<double>(tasks);
  state.counters["peak_bytes_per_task"] = static_cast<double>(peak) / static_cast<double>(tasks);
  state.counters["tasks_per_second"] =
      benchmark::Counter(static_cast<double>(tasks), benchmark::Counter::kIsIterationInvariantRate);
}

void compile_qwen3_8b(benchmark::State& state) {
  CompileOptions options;
  options.events = static_cast<EventGranularity>(state.range(0));
  compile_once(state, *load_model("qwen3-8b"), options);
}
BENCHMARK(compile_qwen3_8b)
    ->ArgName("events")
    ->Arg(static_cast<int>(EventGranularity::kGcd))
    ->Arg(static_cast<int>(EventGranularity::kExact))
    ->Arg(static_cast<int>(EventGranularity::kOperator))
    ->Unit(benchmark::kMillisecond);

// A million tasks, by more layers.
void compile_million_tasks_in_layers(benchmark::State& state) {
  ModelConfig model = *load_model("qwen3-8b");
  model.layers = 2645;
  compile_once(state, model, {});
}
BENCHMARK(compile_million_tasks_in_layers)->Unit(benchmark::kMillisecond);

// A million tasks, by finer operators.
void compile_million_tasks_in_operators(benchmark::State& state) {
  CompileOptions options;
  options.tasks_of = {{"gate_up", 12288}, {"silu_mul", 12288}, {"o_proj", 2048}, {"qkv", 1024}};
  compile_once(state, *load_model("qwen3-8b"), options);
}
BENCHMARK(compile_million_tasks_in_operators)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mk

BENCHMARK_MAIN();
