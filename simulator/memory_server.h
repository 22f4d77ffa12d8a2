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
// Workers may stand in groups (GPCs, ports) that take in so much at most. Then each group has
// classes of its own: within a group that asks for more, no stream gets more than the level at
// which the group is full, which is one more limit of its classes. That is max-min over both.
// Groups may share the memory as ports do, too (core/port_share.h): then there is no one level, but
// what a group is allowed decides its own.
//
// Integer arithmetic on the clocks (2^-28 bytes; instants in ps): a stream ends at the first
// picosecond by which all its bytes have come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/port_share.h"
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
    bool shared = true;          // no: each stream runs at its own limit, or its group's level
    double group_limit = 0;      // GB/s of a group; 0: no limit
    double port_contention = 0;  // 0: groups do not share the memory as ports do
    std::vector<std::uint32_t> group_of{};  // a worker; empty: no groups
  };
  explicit MemoryServer(const Settings& settings);

  // Another limit for a class, and `share` of the supply. Requires: no stream runs.
  void configure(std::uint32_t stream_class, double limit, double share);

  // `worker`, which streams nothing yet, streams `bytes` > 0; `slowness` is 1 / its weight.
  void start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class, std::int64_t bytes,
             double slowness);

  // More bytes (or none) for the stream that `worker` runs, in the same class, and another slowness
  // for all that it has to get yet.
  void extend(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
              std::int64_t bytes, double slowness);

  // When the next stream ends, kNever iff none runs; of several the first class, the first worker.
  std::int64_t next_end() {
    if (is_stale_) share();
    if (!is_end_known_) find_end();
    return next_end_;
  }

  // Whether a stream ends at or before `instant`, which is not before anything that happened here.
  bool ends_by(std::int64_t instant) {
    if (is_stale_ && instant == now_) return has_ended();
    if (is_stale_) share();
    // Most instants that are asked about come before any end: a product tells, and no division.
    if (!is_end_known_ && instant - now_ < kSoon) {
      if (!will_have_ended(static_cast<std::uint64_t>(instant - now_))) return false;
    }
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
  // What is left of a stream of that weight, with another one.
  static std::uint64_t reweighed(std::uint64_t volume, std::uint64_t weight, std::uint64_t other);
  static constexpr std::uint64_t on_grain(std::uint64_t volume) {
    return volume & ~Tournament::kIndexMask;
  }
  static std::uint64_t rate_of(double bytes_a_ps);

 private:
  struct Class {
    Class(std::uint32_t in_group, std::uint32_t workers) : group(in_group), ends(workers) {}
    std::uint32_t group;
    double limit = 0;          // bytes a ps
    double capped = 0;         // what of it the group's level leaves
    std::uint64_t clock = 0;   // V
    std::uint64_t rate = 0;    // of V a ps
    std::uint64_t weight = 0;  // sum, in 1 / kWeightOne
    std::uint32_t count = 0;
    Tournament ends;

    // What the stream that ends first has still to get, on the clock.
    std::uint64_t missing() const {
      const std::uint64_t end = on_grain(ends.top());
      return end > clock ? end - clock : 0;
    }
  };
  struct Place {
    std::uint32_t group = 0;
    std::uint32_t member = 0;  // of that group, in the order of workers
  };
  struct Group {
    std::vector<std::uint32_t> members{};  // workers
    std::vector<std::uint32_t> running{};  // classes of which a stream runs, by increasing limit
  };
  static constexpr std::uint64_t kPlainWeight = 1 << 20;
  static constexpr unsigned kFractionBits = 28;
  static constexpr std::uint64_t kRebase = std::uint64_t{1} << 62;
  // A product of less than both fits into 64 bits.
  static constexpr std::int64_t kSoon = std::int64_t{1} << 26;    // ps
  static constexpr std::uint64_t kFast = std::uint64_t{1} << 37;  // 512 TB/s

  std::uint32_t index_for(std::uint32_t worker, std::uint32_t stream_class) const {
    return place_of_[worker].group * kinds_ + stream_class;
  }
  void note_first(std::uint32_t class_index);
  void note_last(std::uint32_t class_index);
  void advance(std::int64_t now);
  bool has_ended() const;
  bool will_have_ended(std::uint64_t passed) const;
  void share();
  void find_end();
  void cap_groups();
  std::span<const std::uint32_t> by_capped_limit();
  void add_up(std::uint32_t group);
  void share_by_group();
  double level_of_group(const Group& group, double limit) const;
  double granted(double demanded) const;
  std::vector<Class> classes_{};
  std::uint32_t kinds_;                           // classes of a group
  std::vector<std::uint32_t> running_classes_{};  // of which a stream runs, by their numbers
  std::vector<std::uint32_t> by_limit_{};         // all classes, by increasing limit
  std::vector<std::uint32_t> sorted_{};           // room for some of them
  double group_limit_ = 0;                        // bytes a ps; 0: no limit
  double port_contention_ = 0;
  std::vector<PortDemand> ports_{};  // with port_contention_: a group
  std::vector<Place> place_of_{};    // a worker
  std::vector<Group> groups_{};
  std::vector<std::uint64_t> weight_of_{};  // a worker
  std::vector<double> supply_{};            // bytes a ps
  double supply_share_ = 1;
  bool smooth_knee_;
  bool shared_;
  std::uint32_t running_ = 0;
  bool is_stale_ = false;     // rates and next_end_ are those of before what happened at now_
  bool is_end_known_ = true;  // next_end_ is that of the rates
  std::int64_t now_ = 0;
  std::int64_t next_end_ = kNever;
  std::uint32_t next_class_ = 0;
};

}  // namespace mk::simulator
