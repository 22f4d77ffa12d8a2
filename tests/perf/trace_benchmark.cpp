// Writing and reading two million slices. The store is held to: 1.5 M rows/s without and 0.8 M with
// indexes, 100 bytes a slice with them; the outline (lane, task, iteration, name, start, end)
// within 0.4 s, everything within 1.2 s. The import of a 500 MB Nsight export is held to 20 s and
// to memory that its columns bound, not the file: it runs in a process of its own, which says what
// the most was that it held.
//   build/<preset>/benchmarks/trace_benchmark
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/check.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/import.h"
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
    s.enqueued.set(i, start - 9000);
    s.fetched.set(i, start - 8000);
    s.ready.set(i, start - 3000);
    s.start.set(i, start);
    s.end.set(i, start + 30000);
    s.notified.set(i, start + 31000);
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
BENCHMARK(write_slices)
    ->ArgName("indexes")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

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

// 500 MB: 2.9 million kernels and twice as many calls, as wide as Nsight's tables.
void write_nsight_export(const std::string& path) {
  sqlite3* db = nullptr;
  MK_CHECK(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "the file can be made");
  const auto run = [&](const std::string& sql) {
    MK_CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
             "the SQL is right");
  };
  run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
      "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);"
      "INSERT INTO StringIds VALUES(1,'gemm'),(2,'cudaLaunchKernel');"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end, deviceId, contextId, greenContextId,"
      " streamId, correlationId, globalPid, demangledName, shortName, mangledName, launchType,"
      " cacheConfig, registersPerThread, gridX, gridY, gridZ, blockX, blockY, blockZ,"
      " staticSharedMemory, dynamicSharedMemory, localMemoryPerThread, localMemoryTotal, gridId,"
      " sharedMemoryExecuted, graphNodeId, sharedMemoryLimitConfig);"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start, end, eventClass, globalTid, correlationId,"
      " nameId, returnValue, callchainId);"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2899999)"
      " INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT "
      "1000000000000+i*5000,1000000000000+i*5000+4000,"
      " 0,1,NULL,7+i%4,i,(1<<56)+(4711<<24),1,1,1,1,0,168,132,1,1,384,1,1,1024,200000,0,123456789,"
      " 1000000+i,233472,8589934592+i%500,0 FROM n;"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5799999)"
      " INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME SELECT "
      "1000000000000+i*2500,1000000000000+i*2500+900,"
      " 0,(1<<56)+(4711<<24)+4711,i,2,0,123456 FROM n;"
      "COMMIT");
  sqlite3_close(db);
}

// The most memory that this process held, by the kernel's count.
std::int64_t most_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

std::int64_t column_bytes(const Trace& trace) {
  return static_cast<std::int64_t>(trace.slices.bytes() + trace.flows.size() * sizeof(SliceFlow) +
                                   trace.details.size() * sizeof(SliceDetail) +
                                   trace.counters.size() * sizeof(CounterSample));
}

// What the process of its own does: prints seconds, bytes of the columns, most bytes held.
int import_alone(const std::string& path) {
  const auto before = std::chrono::steady_clock::now();
  const Result<Imported> imported = import_nsight(path);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - before;
  if (!imported) return 1;
  std::printf("%.6f %lld %lld\n", passed.count(),
              static_cast<long long>(column_bytes(imported->trace)),
              static_cast<long long>(most_bytes()));
  return 0;
}

void import_nsight_export(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "report.sqlite";
  write_nsight_export(path);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  for (auto _ : state) {
    std::FILE* const child = ::popen(("'" + self + "' --import '" + path + "'").c_str(), "r");
    MK_CHECK(child != nullptr, "a process can be started");
    double seconds = 0;
    long long columns = 0;
    long long most = 0;
    MK_CHECK(std::fscanf(child, "%lf %lld %lld", &seconds, &columns, &most) == 3,
             "the import succeeds");
    ::pclose(child);
    state.SetIterationTime(seconds);
    state.counters["columns MB"] = static_cast<double>(columns) * 1e-6;
    state.counters["most MB"] = static_cast<double>(most) * 1e-6;
  }
  state.counters["file MB"] = static_cast<double>(std::filesystem::file_size(path)) * 1e-6;
}
BENCHMARK(import_nsight_export)->Unit(benchmark::kMillisecond)->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--import") return mk::import_alone(argv[2]);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
