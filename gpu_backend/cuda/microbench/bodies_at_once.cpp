// Linear bodies on many SMs at once: what the memory gives them together, and which SMs share a
// port to it.
//
// By the difference of two sizes, so that start and end of a body fall out. N blocks launched as N
// lie as N workers do; some ports have more of them than others, so that some bodies end long
// before the last (experiments/gpu_validation/blind/README.md, rounds 10 and 11).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "gpu_backend/cuda/microbench/body_fit.h"
#include "gpu_backend/cuda/microbench/body_runner.h"
#include "gpu_backend/cuda/microbench/port_map.h"

namespace mk::cuda::microbench {
namespace {

constexpr std::uint32_t kIn = 2048;
constexpr std::array kKib = {512U, 2048U};  // of weights a body

// Microseconds of bodies that began together, of one size.
struct Together {
  Samples slowest{};                            // of each repetition
  std::map<std::uint32_t, Samples> by_crowd{};  // by how many of the blocks go through its port
};

class BodiesAtOnce : private BodyRunner {
 public:
  BodiesAtOnce(Lab& lab, Results& results) : BodyRunner(lab), results_(results) {}

  void run() {
    find_ports();
    for (std::uint32_t n = 1; n <= lab_.sms() && lab_.status(); n = n == 1 ? 32 : n + 1) at_once(n);
    wide_inputs();
  }

 private:
  // Bodies of `rows` rows each, or as many as `rows_of` says, in step; weights side by side, so
  // that nobody finds in the L2 what another one reads.
  using RowsOf = std::function<std::uint32_t(std::uint32_t block, std::uint32_t repetition)>;
  BodyTimes in_step(std::uint32_t active, std::uint32_t most_rows, const RowsOf& rows_of) {
    const std::size_t bytes = std::size_t{2} * kIn * most_rows;
    std::array<const unsigned char*, kBodyCount> of_repetition{};
    for (auto& weights : of_repetition) weights = lab_.fresh(bytes * active);
    std::uint32_t made = 0;
    const auto make = [&](std::uint32_t block) {
      const std::uint32_t repetition = made++ % kBodyCount;
      return linear_task(TaskKind::kLinear, LinearInput::kPlain, kIn, rows_of(block, repetition), 1,
                         of_repetition[repetition] + block * bytes, block);
    };
    return time("bodies at once", active, {1, 1, 0, 0}, make, false, true);
  }

  // `sm_port_I`: the port of the I-th SM that a launch takes, where runs with idle SMs tell ports
  // apart.
  void find_ports() {
    const auto ports = ports_of(partly_idle_runs(), lab_.sms());
    if (!ports) return;
    port_ = *ports;
    const std::vector<std::uint32_t> order = launch_order(launches(), lab_.sms());
    for (std::size_t i = 0; i < order.size(); ++i) {
      results_.add(lab_, fmt::format("sm_port_{}", i), "", {static_cast<double>(port_[order[i]])});
    }
  }

  std::vector<PartlyIdleRun> partly_idle_runs() {
    constexpr std::uint32_t kRows = 256;  // 1 MiB
    constexpr std::uint32_t kIdleRows = 8;
    constexpr int kRunLaunches = 150;
    std::mt19937 draw(1);
    std::vector<PartlyIdleRun> runs;
    for (int launch = 0; launch < kRunLaunches && lab_.status(); ++launch) {
      std::vector<std::array<bool, kBodyCount>> is_idle(lab_.sms());
      for (auto& block : is_idle) {
        for (bool& idle : block) idle = draw() % 3 == 0;
      }
      const BodyTimes times = in_step(lab_.sms(), kRows, [&](auto block, auto repetition) {
        return is_idle[block][repetition] ? kIdleRows : kRows;
      });
      if (!has_known_sms(times)) return {};
      const std::size_t first = runs.size();
      runs.resize(first + BodyTimes::kKept, {std::vector<double>(lab_.sms(), 0)});
      for (std::size_t i = 0; i < times.total_us.size(); ++i) {
        const std::size_t repetition = i % BodyTimes::kKept;
        if (is_idle[i / BodyTimes::kKept][repetition + 1]) continue;
        runs[first + repetition].us[times.sm_of(i)] = times.total_us[i];
      }
    }
    return runs;
  }

  // The SMs of launches of each size.
  std::vector<std::vector<std::uint32_t>> launches() {
    constexpr int kOfEachSize = 4;
    std::vector<std::vector<std::uint32_t>> all;
    for (std::uint32_t n = 1; n < lab_.sms() && lab_.status(); ++n) {
      for (int launch = 0; launch < kOfEachSize; ++launch) {
        all.push_back(in_step(n, kGroupOfRows, [](auto, auto) { return kGroupOfRows; }).sm);
      }
    }
    return all;
  }

  // Numbers that are not below the number of SMs would be those of another device's part.
  bool has_known_sms(const BodyTimes& times) const {
    return std::ranges::all_of(times.sm, [&](auto sm) { return sm < lab_.sms(); });
  }

  // N times what the slowest of them gets, since it is the slowest that a barrier waits for; of
  // some N, what those get that have K of all in their port.
  void at_once(std::uint32_t n) {
    const Together small = together(n, kKib[0]);
    const Together large = together(n, kKib[1]);
    const auto rate = [&](double of_small, double of_large) {
      return (kKib[1] - kKib[0]) * 1024e-3 / (of_large - of_small);
    };
    const double typical = median(small.slowest);
    Samples rates;
    for (const double us : large.slowest) rates.push_back(n * rate(typical, us));
    results_.add(lab_, fmt::format("bodies_bandwidth_{}", n), "GB/s", rates);
    if (n % kEveryCrowd != 0 && n != lab_.sms()) return;
    for (const auto& [crowd, us] : large.by_crowd) {
      const auto same = small.by_crowd.find(crowd);
      if (same == small.by_crowd.end()) continue;
      results_.add(lab_, fmt::format("bodies_rate_{}_crowd_{}", n, crowd), "GB/s",
                   {rate(median(same->second), median(us))});
    }
  }

  // All SMs' bodies of many columns, which all of them read at once, plain and gated: the slowest.
  void wide_inputs() {
    const std::uint32_t rows = (kWideKib << 10) / (2 * kWideIn);
    const std::size_t bytes = std::size_t{kWideKib} << 10;
    for (const auto& [kind, input] : {std::pair(TaskKind::kLinear, LinearInput::kPlain),
                                      std::pair(TaskKind::kSiluLinear, LinearInput::kSilu)}) {
      Samples slowest;
      for (int launch = 0; launch < kLaunches && lab_.status(); ++launch) {
        const auto make = [&](std::uint32_t block) {
          return linear_task(kind, input, kWideIn, rows, 1, lab_.fresh(bytes), block);
        };
        const BodyTimes times =
            time("wide bodies at once", lab_.sms(), {1, 1, 0, 0}, make, false, true);
        const Samples of_launch = slowest_of(times);
        slowest.insert(slowest.end(), of_launch.begin(), of_launch.end());
      }
      results_.add(lab_, fmt::format("bodies_{}_{}x{}kib", name_of(kind), kWideIn, kWideKib), "us",
                   slowest);
    }
  }

  // Of each repetition.
  static Samples slowest_of(const BodyTimes& times) {
    Samples slowest(BodyTimes::kKept);
    for (std::size_t i = 0; i < times.total_us.size(); ++i) {
      double& of_repetition = slowest[i % BodyTimes::kKept];
      of_repetition = std::max(of_repetition, times.total_us[i]);
    }
    return slowest;
  }

  Together together(std::uint32_t active, std::uint32_t kib) {
    const std::uint32_t rows = (kib << 10) / (2 * kIn);
    Together all;
    for (int launch = 0; launch < kLaunches && lab_.status(); ++launch) {
      const BodyTimes times = in_step(active, rows, [&](auto, auto) { return rows; });
      const std::vector<std::uint32_t> crowds = crowds_of(times);
      for (std::size_t i = 0; i < times.total_us.size() && !crowds.empty(); ++i) {
        all.by_crowd[crowds[port_[times.sm_of(i)]]].push_back(times.total_us[i]);
      }
      const Samples slowest = slowest_of(times);
      all.slowest.insert(all.slowest.end(), slowest.begin(), slowest.end());
    }
    return all;
  }

  // How many blocks each port has; empty where ports are not known.
  std::vector<std::uint32_t> crowds_of(const BodyTimes& times) const {
    if (port_.empty()) return {};
    std::vector<std::uint32_t> crowds(port_.size(), 0);
    for (const std::uint32_t sm : times.sm) ++crowds[port_[sm]];
    return crowds;
  }

  static constexpr int kLaunches = 9;
  static constexpr std::uint32_t kGroupOfRows = 8;
  static constexpr std::uint32_t kEveryCrowd = 8;

  Results& results_;
  std::vector<std::uint32_t> port_{};  // an SM; empty: not known
};

}  // namespace

void measure_bodies_at_once(Lab& lab, Results& results) { BodiesAtOnce(lab, results).run(); }

}  // namespace mk::cuda::microbench
