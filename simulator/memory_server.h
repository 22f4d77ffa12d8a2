// MemoryServer: the achieved bandwidth of a memory, shared max-min by the streams that run.
//
// A stream has the rate limit of its class (one a distinct body rate) and a weight: at level L it
// gets weight * min(limit, L), and L is as high as the memory's curve for the number of running
// streams allows. Within a class all streams get the same rate a weight, so a class keeps one
// virtual clock V (bytes a unit of weight since it was last empty): a stream of b bytes that starts
// at V0 ends when V = V0 + b / weight, whatever joins or leaves later. A start or an end costs
// O(classes + log workers). The sharing is worked out when somebody asks what it decides: once for
// all that starts and ends at one instant.
//
// Integer arithmetic on the clocks (2^-28 bytes; instants in ps): a stream ends at the first
// picosecond by which all its bytes have come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "simulator/tournament.h"

namespace mk::simulator {

class MemoryServer {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kMaxBytes = std::int64_t{1}
                                            << 33;  // of one stream, times its slowness

  struct Settings {
    std::uint32_t workers = 1;
    std::vector<double> limits{};  // GB/s, of each class
    std::vector<double> supply{};  // GB/s with n running streams, n = 0 .. workers
    bool smooth_knee = true;
    bool shared = true;  // no: each stream runs at its own limit
  };
  explicit MemoryServer(const Settings& settings);

  // Another limit for a class, and `share` of the supply. Requires: no stream runs.
  void configure(std::uint32_t stream_class, double limit, double share);

  // `worker`, which streams nothing yet, streams `bytes` > 0; `slowness` is 1 / its weight.
  void start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class, std::int64_t bytes,
             double slowness);

  // More bytes for the stream that `worker` runs, at the same class and slowness.
  void extend(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
              std::int64_t bytes);

  // When the next stream ends, kNever iff none runs; of several the first class, the first worker.
  std::int64_t next_end() {
    if (is_stale_) share();
    return next_end_;
  }

  // Whether a stream ends at or before `instant`, which is not before anything that happened here.
  bool ends_by(std::int64_t instant) {
    if (is_stale_ && instant == now_) return has_ended();
    const std::int64_t end = next_end();
    return end <= instant && end != kNever;
  }

  // Ends that stream; returns its worker. Requires: a stream runs.
  std::uint32_t finish_next();

  // The fixed-point numbers, which the reference computes with too: a weight, an amount on a clock
  // (of 2^-28 bytes a unit of weight), its grain, and a clock's rate.
  static constexpr double kWeightOne = 1 << 20;
  static std::uint64_t weight_of_slowness(double slowness);
  static std::uint64_t volume_of(std::int64_t bytes, std::uint64_t weight);
  static constexpr std::uint64_t on_grain(std::uint64_t volume) {
    return volume & ~Tournament::kIndexMask;
  }
  static std::uint64_t rate_of(double bytes_a_ps);

 private:
  struct Class {
    explicit Class(std::uint32_t workers) : ends(workers) {}
    double limit = 0;          // bytes a ps
    std::uint64_t clock = 0;   // V
    std::uint64_t rate = 0;    // of V a ps
    std::uint64_t weight = 0;  // sum, in 1 / kWeightOne
    std::uint32_t count = 0;
    std::int64_t next_end = kNever;
    Tournament ends;
  };
  static constexpr unsigned kFractionBits = 28;
  static constexpr std::uint64_t kRebase = std::uint64_t{1} << 62;

  void advance(std::int64_t now);
  bool has_ended() const;
  void share();
  double total() const;
  void set_rate(Class& c, double bytes_a_ps);

  std::vector<Class> classes_{};
  std::vector<std::uint32_t> by_limit_{};   // classes by increasing limit
  std::vector<std::uint64_t> weight_of_{};  // a worker
  std::vector<double> supply_{};            // bytes a ps
  double supply_share_ = 1;
  bool smooth_knee_;
  bool shared_;
  std::uint32_t running_ = 0;
  bool is_stale_ = false;  // rates and next_end_ are those of before what happened at now_
  std::int64_t now_ = 0;
  std::int64_t next_end_ = kNever;
  std::uint32_t next_class_ = 0;
};

}  // namespace mk::simulator
