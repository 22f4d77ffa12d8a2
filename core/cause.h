// Causes: what a worker lane did at each instant, and if it waited, for what. One table, one
// function that derives it.
//
// The intervals of a lane tile [first iteration's start, last iteration's end) with no gap and no
// overlap, so that their sum is the makespan exactly. What a backend cannot see is kUnknown, never
// a guess.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/instants.h"
#include "core/record.h"

namespace mk {

enum class Cause : std::uint8_t {
  kExecute,         // the body runs; nobody recorded what bounds it
  kExecuteMemory,   // the body runs, bound by its stream
  kExecuteCompute,  // the body runs, bound by arithmetic
  kExecuteStartUp,  // the body runs, its first bytes are on their way
  kNotify,  // arrival at the triggering event, and a scheduler's step where the worker does it
  kWaitDependency,  // it holds a task whose event is not active
  kWaitPoll,  // its task is ready and enqueued, it has not seen that yet (poll phase, barrier,
              // dispatch)
  kWaitQueueEmpty,        // no task was placed on it
  kWaitHeadOfLine,        // blocked on its queue's head while another task in its queue was ready
  kWaitPage,              // no free shared-memory page
  kWaitScheduler,         // the event of its next task was active, but the task not yet enqueued
  kIterationBoundary,     // between the end of one iteration and the first task it gets in the next
  kExecuteCommunication,  // a communication task's body runs
  kWaitLaunch,            // launch gap, fill or drain of a kernel-per-operator baseline
  kUnknown,
};

struct CauseFacts {
  Cause cause = Cause::kUnknown;
  std::string_view name{};
  bool is_executing = false;
  std::string_view meaning{};
};

inline constexpr std::array kCauses = {
    CauseFacts{Cause::kExecute, "execute", true, "the body runs"},
    CauseFacts{Cause::kExecuteMemory, "execute_memory", true, "the body runs, bound by memory"},
    CauseFacts{Cause::kExecuteCompute, "execute_compute", true,
               "the body runs, bound by arithmetic"},
    CauseFacts{Cause::kExecuteStartUp, "execute_start_up", true,
               "the body's first bytes are on their way"},
    CauseFacts{Cause::kNotify, "notify", false, "arrival at the triggering event"},
    CauseFacts{Cause::kWaitDependency, "wait_dependency", false, "the task's event is not active"},
    CauseFacts{Cause::kWaitPoll, "wait_poll", false,
               "ready and enqueued, not yet seen or dispatched"},
    CauseFacts{Cause::kWaitQueueEmpty, "wait_queue_empty", false, "no task placed on this worker"},
    CauseFacts{Cause::kWaitHeadOfLine, "wait_head_of_line", false,
               "blocked on the queue's head, another was ready"},
    CauseFacts{Cause::kWaitPage, "wait_page", false, "no free shared-memory page"},
    CauseFacts{Cause::kWaitScheduler, "wait_scheduler", false,
               "event active, task not yet enqueued"},
    CauseFacts{Cause::kIterationBoundary, "iteration_boundary", false, "between two iterations"},
    CauseFacts{Cause::kExecuteCommunication, "execute_communication", true, "a link is in use"},
    CauseFacts{Cause::kWaitLaunch, "wait_launch", false, "launch, fill or drain of a kernel"},
    CauseFacts{Cause::kUnknown, "unknown", false, "this backend cannot see it"},
};

constexpr const CauseFacts& facts(Cause cause) { return kCauses[static_cast<std::size_t>(cause)]; }
std::optional<Cause> cause_from_name(std::string_view name);

// An index or none, in half of the room of an optional one: a run has millions.
class OptionalIndex {
 public:
  constexpr OptionalIndex() = default;
  constexpr OptionalIndex(std::uint32_t index) : index_(index) {}

  constexpr bool has_value() const { return index_ != kNoIndex; }
  constexpr explicit operator bool() const { return has_value(); }
  // Requires: has_value().
  constexpr std::uint32_t operator*() const { return index_; }
  constexpr operator std::optional<std::uint32_t>() const {
    return has_value() ? std::optional(index_) : std::nullopt;
  }
  friend constexpr bool operator==(OptionalIndex, OptionalIndex) = default;

 private:
  std::uint32_t index_ = kNoIndex;
};

// A lane and what it did, in one word, which is written at once (bit-fields are not).
class LaneCause {
 public:
  static constexpr std::uint32_t kMostLanes = 1U << 24;

  constexpr LaneCause() = default;
  // Requires: lane < kMostLanes.
  constexpr LaneCause(std::uint32_t lane, Cause cause)
      : word_(lane << kCauseBits | static_cast<std::uint32_t>(cause)) {}

  constexpr std::uint32_t lane() const { return word_ >> kCauseBits; }
  constexpr Cause cause() const { return static_cast<Cause>(word_ & ((1U << kCauseBits) - 1)); }

 private:
  static constexpr unsigned kCauseBits = 8;
  std::uint32_t word_ = static_cast<std::uint32_t>(Cause::kUnknown);
};

// A task has four or five: half a line of the cache each.
struct Interval {
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  LaneCause lane_cause{};
  std::uint32_t iteration = 0;
  OptionalIndex task{};  // executing or waiting for
  OptionalIndex event{};

  std::uint32_t lane() const { return lane_cause.lane(); }
  Cause cause() const { return lane_cause.cause(); }
};
static_assert(sizeof(Interval) == 32);

// Intervals of all worker lanes, by lane, then time. Empty iff there is no iteration.
//
// How a lane's time before a task is told apart, from the instants that were taken:
//   until the iteration's start      kWaitQueueEmpty up to the end of the one before, then
//                                    kIterationBoundary
//   until it was enqueued            kIterationBoundary for an iteration's first task if it waits
//                                    for `begin` or came before its event; else kWaitQueueEmpty
//                                    until its event is active, then kWaitScheduler
//   until its event is active        kWaitDependency; kWaitHeadOfLine from when a later task of the
//                                    lane was enqueued and ready
//   until its last page was free     kWaitPage
//   until its body starts            kWaitPoll
// Where `ready` was not taken, its event's activation stands in; where that is not known either,
// the wait is kUnknown. Kernel-per-operator policies: kWaitDependency, then kWaitLaunch. A span on
// a worker lane is a scheduler's step (kNotify) under a megakernel policy, kIterationBoundary if it
// belongs to no iteration, kExecute under the others.
std::vector<Interval> derive_intervals(const RunRecord& record);

// What deriving reads, as columns: a trace that was read from a file has these without its
// TaskGraph. All slice columns have one entry a slice, sorted by (lane, start); `task` and
// `iteration` are kNoIndex where there is none.
struct CauseInput {
  struct Graph {
    std::span<const std::uint32_t> dependent_event{};   // by task
    std::span<const std::uint32_t> triggering_event{};  // by task
    std::span<const TaskKind> kind{};                   // by task
    std::span<const std::uint32_t> trigger_count{};     // by event
  };
  PolicyKind policy = PolicyKind::kHybrid;
  std::vector<Graph> graphs{};
  std::span<const Lane> lanes{};
  std::span<const IterationRecord> iterations{};
  std::span<const ActivationRecord> activations{};
  std::span<const std::uint32_t> lane{};
  std::span<const std::uint32_t> task{};
  std::span<const std::uint32_t> iteration{};
  InstantsView enqueued{};
  InstantsView ready{};
  InstantsView page{};
  InstantsView start{};
  InstantsView first_data{};
  InstantsView end{};
  InstantsView notified{};
  std::span<const Bound> bound{};
};
std::vector<Interval> derive_intervals(const CauseInput& input);

// The same, one worker lane after the other, for readers that cannot hold the intervals of all.
// What `visit` gets is gone when it returns.
void for_each_lane_intervals(
    const CauseInput& input,
    const std::function<void(std::uint32_t lane, std::span<const Interval> intervals)>& visit);

// The activation of each event by [iteration][event], kNotTaken where nobody knows it: the earliest
// recorded one, else the latest `notified` of its producers, where all of them have it. That of
// `begin` is the iteration's start.
std::vector<std::vector<Nanoseconds>> activation_times(const CauseInput& input);

}  // namespace mk
