// RawRun: what the lanes of a run wrote down, as it came, with all that it takes to make a
// RunRecord of it on any machine: `megascope run --raw FILE` there, `megascope import FILE -o
// TRACE` here.
//
// The file, little endian:
//   8 bytes   "MKRAWRUN"
//   u32       version (kRawRunVersion)
//   u32       bytes of the JSON header
//   u64       bytes of the graph
//   JSON      policy, roles, iterations, the clock's bounds, metadata; of each lane its number of
//             rows of each kind and how many were dropped
//   graph     as core/task_graph_file.h
//   rows      lane by lane its tasks, enqueues, dispatches, each as the structs below
//   8 bytes   "MKRAWEND"
//   u64       FNV-1a of everything before it
//
// What cannot be trusted is left out or set right, and counted in the record's health, a row a kind
// (traces/FORMAT.md): records_dropped, half_written, clock_wrapped, out_of_order, out_of_range.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "gpu_backend/host/run_options.h"
#include "gpu_backend/host/run_threads.h"

namespace mk {

inline constexpr std::uint32_t kRawRunVersion = 1;

// Rows in the file. An instant that was not taken is 0.
struct RawTask {
  std::uint32_t task = 0;
  std::uint32_t iteration = 0;  // of the rows' iterations
  std::uint64_t fetched = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t notified = 0;
  std::uint64_t preload = 0;
  std::uint64_t activated = 0;  // 1: it activated its triggering event
};
struct RawEnqueue {
  std::uint32_t task = 0;
  std::uint32_t iteration = 0;
  std::uint64_t enqueued = 0;
};
struct RawDispatch {
  std::uint32_t event = 0;
  std::uint32_t iteration = 0;
  std::uint64_t dequeued = 0;
  std::uint64_t launched = 0;
};

struct RawRun {
  std::shared_ptr<const TaskGraph> graph{};
  HostRunOptions options{};  // policy and roles
  RunRows rows{};            // instants are nanoseconds of one clock
  std::vector<IterationState> states{};
  // Every instant lies between these: the clock before the run and after it.
  std::uint64_t begins = 0;
  std::uint64_t ends = 0;
  std::map<std::string, std::string> meta{};
  std::vector<ClockRecord> clocks{};
  std::vector<HealthRecord> health{};  // what was lost before it came here
};

// Written to a temporary name and renamed when whole.
Status write_raw_run(const RawRun& run, const std::string& path);

// Does the file begin like a raw run? False also when it cannot be read.
bool is_raw_run_file(const std::string& path);

// kInvalidInput, with the place, where header or graph are damaged: then nothing can be made of it.
// kUnsupported: a newer version.
Result<RunRecord> read_raw_run(const std::string& path);

}  // namespace mk
