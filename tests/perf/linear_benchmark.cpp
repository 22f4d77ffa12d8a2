// The linear kernel against a plain read of as many bytes, on one thread and on two.
//
// Weights are far larger than the caches, so `bytes_per_second` is memory bandwidth; the ratio of
// linear to plain_read at the same number of threads is what the kernel makes of it.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "core/check.h"
#include "gpu_backend/host/bodies/host_arena.h"
#include "gpu_backend/host/bodies/kernels.h"
#include "tests/perf/plain_read.h"

namespace mk {
namespace {

constexpr std::int64_t kBytes = std::int64_t{256} << 20;

// The threads of a benchmark read its parts.
const std::byte* weights() {
  static const HostArena arena = [] {
    Result<HostArena> made = HostArena::allocate(kBytes);
    MK_CHECK(made.has_value(), "the benchmark gets its memory");
    std::memset(made->data(), 0x3c, kBytes);
    return std::move(*made);
  }();
  return arena.data();
}

void read_plainly(benchmark::State& state) {
  const std::int64_t part = kBytes / state.threads();
  const std::byte* begin = weights() + state.thread_index() * part;
  for (auto _ : state) benchmark::DoNotOptimize(plain_read(begin, part));
  state.SetBytesProcessed(state.iterations() * part);
}

template <typename W>
void linear(benchmark::State& state, Isa isa) {
  const std::int64_t in = state.range(0);
  const std::int64_t tokens = state.range(1);
  const std::int64_t row_bytes = in * static_cast<std::int64_t>(sizeof(W));
  const std::int64_t rows = kBytes / row_bytes / state.threads() / 64 * 64;
  const auto* w = reinterpret_cast<const W*>(weights()) + state.thread_index() * rows * in;
  const std::vector<float> x(static_cast<std::size_t>(in * tokens), 0.5F);
  std::vector<float> y(static_cast<std::size_t>(64 * tokens));
  for (auto _ : state) {
    for (std::int64_t row = 0; row < rows; row += 64) {  // tasks of 64 rows
      kernels_for(isa).of<W>().linear({.weights = w + row * in,
                                       .x = x.data(),
                                       .y = y.data(),
                                       .x_stride = in,
                                       .y_stride = 64,
                                       .in = in,
                                       .rows = 64,
                                       .tokens = tokens});
      benchmark::DoNotOptimize(y.data());
    }
  }
  state.SetBytesProcessed(state.iterations() * rows * row_bytes);
}

void declare() {
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark("plain_read", read_plainly)->Threads(threads)->UseRealTime();
  }
  for (const Isa isa : supported_isas()) {
    const auto declare_one = [&](const char* type, auto function) {
      const std::string name = "linear_" + std::string(type) + "_" + std::string(name_of(isa));
      auto* one = benchmark::RegisterBenchmark(name.c_str(), function, isa)->UseRealTime();
      one->ArgNames({"in", "tokens"})->Threads(1)->Threads(2);
      for (const std::int64_t in : {576, 1536, 4096}) one->Args({in, 1});
      for (const std::int64_t tokens : {2, 4, 8}) one->Args({1536, tokens});
    };
    declare_one("bf16", linear<Bf16>);
    declare_one("f32", linear<float>);
  }
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  mk::declare();
  benchmark::RunSpecifiedBenchmarks();
}
