// The protocol on threads, always built with ThreadSanitizer: `protocol_under_tsan BUG` plants one
// ordering bug (planted_bugs.h; "none" for none) and runs every policy many times. CTest expects
// ThreadSanitizer's report for each bug, and silence without one.
#include <atomic>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "gpu_backend/host/host_memory.h"
#include "tests/gpu_backend/protocol/mini_launch.h"
#include "tests/gpu_backend/protocol/planted_bugs.h"

namespace mk::protocol::testing {
namespace {

template <PlantedBug kBug>
struct ThreadMemory : HostMemory {
  static constexpr std::memory_order kStore =
      kBug == PlantedBug::kRelaxedStore ? std::memory_order_relaxed : std::memory_order_release;
  static constexpr std::memory_order kLoad =
      kBug == PlantedBug::kRelaxedLoad ? std::memory_order_relaxed : std::memory_order_acquire;
  static constexpr std::memory_order kArrive =
      kBug == PlantedBug::kRelaxedArrival       ? std::memory_order_relaxed
      : kBug == PlantedBug::kReleaseOnlyArrival ? std::memory_order_release
                                                : std::memory_order_acq_rel;

  template <typename T>
  static T load_acquire(const std::atomic<T>& cell) {
    return cell.load(kLoad);
  }
  template <typename T>
  static void store_release(std::atomic<T>& cell, T value) {
    cell.store(value, kStore);
  }
  template <typename T>
  static T add_acq_rel(std::atomic<T>& cell, T value) {
    return cell.fetch_add(value, kArrive);
  }
  template <typename T>
  static T read(const T& cell) {
    return cell;
  }
  template <typename T>
  static void write(T& cell, T value) {
    cell = value;
  }
};

template <PlantedBug kBug>
bool run_once(PolicyKind policy, std::uint32_t schedulers, std::uint32_t team_lanes = 1,
              JitPlacement placement = JitPlacement::kInTurn) {
  using Launch = MiniLaunch<ThreadMemory<kBug>, kBug != PlantedBug::kUnorderedTeam>;
  const auto launch = std::make_unique<Launch>(policy, schedulers, team_lanes, placement);
  launch->start();
  std::vector<std::thread> threads;
  for (std::uint32_t lane = 0; lane < launch->threads(); ++lane) {
    threads.emplace_back([&launch, lane] { launch->run(lane); });
  }
  for (std::thread& thread : threads) thread.join();
  return launch->halt() == Halt::kDone && launch->program().result() == mini_result();
}

template <PlantedBug kBug>
int run_all() {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    if (!run_once<kBug>(PolicyKind::kJit, 1) || !run_once<kBug>(PolicyKind::kJit, 0) ||
        !run_once<kBug>(PolicyKind::kAot, 1) || !run_once<kBug>(PolicyKind::kStatic, 0) ||
        !run_once<kBug>(PolicyKind::kJit, 1, 2) || !run_once<kBug>(PolicyKind::kAot, 1, 2) ||
        !run_once<kBug>(PolicyKind::kJit, 1, 2, JitPlacement::kShortestQueue)) {
      std::puts("wrong result");
      return 1;
    }
  }
  return 0;
}

int run_planted(std::string_view bug) {
  if (bug == kPlantedBugNames[0]) return run_all<PlantedBug::kNone>();
  if (bug == kPlantedBugNames[1]) return run_all<PlantedBug::kRelaxedStore>();
  if (bug == kPlantedBugNames[2]) return run_all<PlantedBug::kRelaxedLoad>();
  if (bug == kPlantedBugNames[3]) return run_all<PlantedBug::kRelaxedArrival>();
  if (bug == kPlantedBugNames[4]) return run_all<PlantedBug::kReleaseOnlyArrival>();
  if (bug == kPlantedBugNames[5]) return run_all<PlantedBug::kUnorderedTeam>();
  std::puts("usage: protocol_under_tsan BUG");
  return 2;
}

}  // namespace
}  // namespace mk::protocol::testing

int main(int argc, char** argv) {
  return mk::protocol::testing::run_planted(argc > 1 ? argv[1] : "");
}
