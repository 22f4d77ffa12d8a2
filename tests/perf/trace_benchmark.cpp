// Writing and reading two million slices. The store is held to: 1.5 M rows/s without and 0.8 M with
// indexes, 100 bytes a slice with them; the outline (lane, task, iteration, name, start, end)
// within 0.4 s, everything within 1.2 s.
//   build/<preset>/bin/trace_benchmark
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "core/check.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"
#include "traces/trace_reader.h"

namespace mk {
namespace {

constexpr std::uint32_t kSlices = 2'000'000;
constexpr std::uint32_t kLanes = 128;
constexpr std::uint32_t kIterations = 150;

// As a host or device run of about ten minutes would give it: all instants but preload, page and
// first_data.
Trace large_trace() {
  RunRecord run = testing::two_iteration_run();
  run.tasks.clear();
  run.activations.clear();
  run.lanes.assign(kLanes, Lane{});
  run.spans.clear();
  run.iterations.assign(kIterations, run.iterations.front());
  Trace trace = make_trace(run);
  SliceColumns& s = trace.slices;
  s.resize(kSlices);
  for (std::uint32_t i = 0; i < kSlices; ++i) {
    const std::uint32_t lane = i / (kSlices / kLanes);
    const Nanoseconds start = 1'000'000'000LL + (i % (kSlices / kLanes)) * 37'000LL;
    s.lane[i] = lane;
    s.task[i] = i % 4;
    s.iteration[i] = i % kIterations;
    s.enqueued[i] = start - 9000;
    s.fetched[i] = start - 8000;
    s.ready[i] = start - 3000;
    s.start[i] = start;
    s.end[i] = start + 30000;
    s.notified[i] = start + 31000;
  }
  return trace;
}

void write_slices(benchmark::State& state) {
  const Trace trace = large_trace();
  const testing::TemporaryFolder folder;
  const std::string path = folder / "large.db";
  const bool indexes = state.range(0) != 0;
  for (auto _ : state) {
    MK_CHECK(write_trace(trace, path, {.indexes = indexes}).has_value(), "the disk has space");
  }
  state.counters["rows/s"] =
      benchmark::Counter(kSlices, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes/slice"] =
      static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(kSlices);
}
BENCHMARK(write_slices)->ArgName("indexes")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void read_trace_whole(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "large.db";
  MK_CHECK(write_trace(large_trace(), path).has_value(), "the disk has space");
  for (auto _ : state) benchmark::DoNotOptimize(read_trace(path));
}
BENCHMARK(read_trace_whole)->Unit(benchmark::kMillisecond);

void read_trace_outline(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "large.db";
  MK_CHECK(write_trace(large_trace(), path).has_value(), "the disk has space");
  for (auto _ : state) benchmark::DoNotOptimize(TraceReader::open(path)->outline());
}
BENCHMARK(read_trace_outline)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mk

BENCHMARK_MAIN();
