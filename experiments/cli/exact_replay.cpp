#include "experiments/cli/exact_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

#include "experiments/cli/replay.h"
#include "profiler/analysis/calibrate.h"
#include "profiler/analysis/statistics.h"
#include "profiler/analysis/trace_index.h"

namespace mk::cli {
namespace {

constexpr double kBytesPerMicrosecond = 1e4;  // of a body's only stream: exact to 100 ps
constexpr std::uint32_t kMostIterationsBefore = 4096;

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

Status check_replayable(const Trace& trace) {
  if (Status s = check_replay(trace); !s) return s;
  const Placement placement = trace.policy.placement;
  if (placement != Placement::kRoundRobin && placement != Placement::kSwizzle) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("placement {} depends on what tasks have to do: not replayed",
                            name_of(placement)));
  }
  const bool is_one = std::all_of(trace.lanes.begin(), trace.lanes.end(),
                                  [](const Lane& lane) { return lane.device == 0; });
  if (!is_one) return fail(ErrorCode::kUnsupported, "a run of several devices is not replayed");
  return {};
}

// us of a task from when event and worker let it begin to its arrival.
double own_us(const TraceIndex& index, std::uint32_t slice) {
  const SliceColumns& s = index.trace().slices;
  Nanoseconds free = index.trace().iterations[s.iteration[slice]].start;
  const std::uint32_t before = index.before(slice);
  if (before != kNoIndex) free = std::max({free, s.end[before], s.notified[before]});
  const Nanoseconds begin = std::max(free, index.ready(slice));  // kNotTaken is the smallest
  return us(std::max(s.end[slice], s.notified[slice]) - begin);
}

double body_us(const TraceIndex& index, std::uint32_t slice) {
  return us(index.trace().slices.end[slice] - index.trace().slices.start[slice]);
}

// The run with bodies that last what is asked for: each task has a class of its own, whose weights
// stream at one rate, whoever else streams. A stream and not a constant, since a counter serves its
// arrivals in the order in which the bodies' last bytes came.
class Player {
 public:
  Player(const Trace& trace, double (*length)(const TraceIndex&, std::uint32_t))
      : trace_(trace), index_(trace), tasks_(trace.graphs[0].task_count()) {
    const auto iterations = static_cast<std::uint32_t>(trace.iterations.size());
    us_.assign(std::size_t{iterations} * tasks_, kNotRecorded);
    for (std::uint32_t i = 0; i < iterations; ++i) {
      for (std::uint32_t task = 0; task < tasks_; ++task) {
        const std::uint32_t slice = index_.slice_of(i, task);
        if (slice == kNoIndex) {
          ++not_recorded_;
        } else {
          us_[std::size_t{i} * tasks_ + task] = std::max(length(index_, slice), 1e-3);
        }
      }
    }
  }

  std::uint64_t not_recorded() const { return not_recorded_; }
  std::uint64_t clamped() const { return clamped_; }

  // Once a seed.
  Result<ExactReplay> play(std::string name, Machine machine, const Mechanisms& mechanisms,
                           std::uint32_t seeds) {
    free_bodies(machine);
    TraceGraph replaced = trace_.graphs[0];
    replace_bodies(replaced);
    Result<TaskGraph> graph = graph_of(replaced);
    if (!graph) return tl::unexpected(graph.error());
    SimulationOptions options;
    options.policy = trace_.policy;
    options.roles = trace_.roles;
    options.lower_bounds = false;
    options.mechanisms = mechanisms;
    options.iterations.assign(before(), trace_.iterations[0].state);
    for (const IterationRecord& i : trace_.iterations) options.iterations.push_back(i.state);
    options.body_factors = factors(replaced);
    options.jit_workers = jit_workers();
    ExactReplay replay{.hand_offs = std::move(name), .measured_us = measured_us()};
    const auto shared = std::make_shared<const TaskGraph>(std::move(*graph));
    for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
      options.seed = seed;
      const Result<SimulationResult> run = simulate(shared, machine, options);
      if (!run) return with_context(replay.hand_offs, run.error());
      replay.by_seed.push_back(replayed_us(*run));
    }
    replay.replayed_us = median(replay.by_seed);
    return replay;
  }

 private:
  static constexpr double kNotRecorded = -1;

  // Iterations before the recorded ones: rows of queues turn from one to the next.
  std::uint32_t before() const {
    const auto first = trace_.meta.find("first_iteration");
    if (first == trace_.meta.end() || trace_.policy.kind == PolicyKind::kStatic) return 0;
    const long number = std::strtol(first->second.c_str(), nullptr, 10);
    return static_cast<std::uint32_t>(std::clamp<long>(number, 0, kMostIterationsBefore));
  }

  static void free_bodies(Machine& machine) {
    BodyNumbers& body = machine.bodies[index_of(TaskKind::kRmsNorm)];
    const auto set = [](Number& number, double value) {
      number = {value, value, value, "replay: bodies last as recorded"};
    };
    for (Number* number : {&body.start_up, &body.epilogue, &body.fixed, &body.tile_bytes,
                           &body.spread, &body.warps}) {
      set(*number, 0);
    }
    set(body.port_limit, kBytesPerMicrosecond * 1e-3);
    set(body.bytes_in_flight, 1e12);  // does not bind
  }

  void replace_bodies(TraceGraph& graph) const {
    graph.classes.assign(tasks_, TaskClass{});
    for (TraceOperator& op : graph.operators) op.kind = TaskKind::kRmsNorm;
    for (std::uint32_t task = 0; task < tasks_; ++task) {
      double shortest = 0, longest = 0;
      for (std::size_t at = task; at < us_.size(); at += tasks_) {
        if (us_[at] < 0) continue;
        shortest = shortest == 0 ? us_[at] : std::min(shortest, us_[at]);
        longest = std::max(longest, us_[at]);
      }
      graph.tasks.kind[task] = TaskKind::kRmsNorm;
      graph.tasks.task_class[task] = task;
      graph.classes[task].weight_bytes.base = std::max<std::int64_t>(
          1, std::llround(kBytesPerMicrosecond * std::sqrt(shortest * longest)));
    }
  }

  std::vector<double> factors(const TraceGraph& replaced) {
    clamped_ = 0;
    std::vector<double> all(std::size_t{before()} * tasks_, 1.0);
    for (std::size_t at = 0; at < us_.size(); ++at) {
      const std::uint32_t task = static_cast<std::uint32_t>(at % tasks_);
      const auto bytes = static_cast<double>(replaced.classes[task].weight_bytes.base);
      const double factor = us_[at] < 0 ? 1 : us_[at] * kBytesPerMicrosecond / bytes;
      all.push_back(std::clamp(factor, 1 / kMostBodyFactor, kMostBodyFactor));
      clamped_ += all.back() == factor ? 0 : 1;
    }
    return all;
  }

  // SimulationOptions::jit_workers, as recorded; those of AOT-launched tasks follow from the
  // policy.
  std::vector<std::uint32_t> jit_workers() const {
    std::vector<std::uint32_t> all((before() + trace_.iterations.size()) * tasks_, kNoIndex);
    for (std::uint32_t i = 0; i < trace_.iterations.size(); ++i) {
      for (std::uint32_t task = 0; task < tasks_; ++task) {
        const std::uint32_t slice = index_.slice_of(i, task);
        if (slice == kNoIndex) continue;
        if (!is_jit_launched(trace_.policy.kind, trace_.graphs[0].tasks.label[task])) continue;
        all[(std::size_t{before()} + i) * tasks_ + task] =
            trace_.lanes[trace_.slices.lane[slice]].number;
      }
    }
    return all;
  }

  double measured_us() const {
    double sum = 0;
    for (const IterationRecord& measured : trace_.iterations) {
      sum += us(measured.end - measured.start);
    }
    return sum;
  }

  double replayed_us(const SimulationResult& run) const {
    double sum = 0;
    for (std::size_t i = before(); i < run.iterations.size(); ++i) {
      sum += to_microseconds(run.iterations[i]);
    }
    return sum;
  }

  const Trace& trace_;
  TraceIndex index_;
  std::uint32_t tasks_;
  std::vector<double> us_{};  // by iteration and task
  std::uint64_t not_recorded_ = 0;
  std::uint64_t clamped_ = 0;
};

// No step of the protocol takes time.
Mechanisms free_steps() {
  Mechanisms none;
  for (const MechanismFacts& mechanism : kMechanisms) none.*mechanism.on = false;
  return none;
}

// A machine for a replay in which none of its numbers counts.
Machine any_machine(const Trace& trace) {
  Machine machine = *load_machine("h100-sxm");
  const double sms = trace.roles.workers + machine.scheduler_sms(trace.roles.schedulers);
  machine.sms = {sms, sms, sms, "replay: as many as the run had"};
  return machine;
}

Mechanisms measured_mechanisms() {
  Mechanisms mechanisms;
  mechanisms.sm_spread = false;  // it is in what was recorded, and so is all that bodies wait for
  mechanisms.shared_bandwidth = false;
  mechanisms.gpc_cap = false;
  mechanisms.port_shares = false;
  mechanisms.l2_capacity = false;
  mechanisms.preload = false;
  return mechanisms;
}

Status add_machines(const Trace& trace, const std::string& name, std::uint32_t seeds,
                    Player& bodies, ExactReplays& out) {
  const Result<Machine> machine = replay_machine(trace, name);
  if (!machine) {
    out.notes.push_back("hand-offs of a machine: " + machine.error().message);
    return {};
  }
  if (const Result<Calibration> fitted = calibrate(*machine, {&trace, 1}); fitted) {
    Result<ExactReplay> replay = bodies.play("of the machine fitted to this run", fitted->machine,
                                             measured_mechanisms(), seeds);
    if (!replay) return tl::unexpected(replay.error());
    out.replays.push_back(std::move(*replay));
  } else {
    out.notes.push_back("hand-offs of the machine fitted to this run: " + fitted.error().message);
  }
  Result<ExactReplay> replay =
      bodies.play(fmt::format("of {}", machine->name), *machine, measured_mechanisms(), seeds);
  if (!replay) return tl::unexpected(replay.error());
  out.replays.push_back(std::move(*replay));
  return {};
}

}  // namespace

Result<ExactReplays> replay_exactly(const Trace& trace, const std::string& machine,
                                    std::uint32_t seeds) {
  if (Status s = check_replayable(trace); !s) return tl::unexpected(s.error());
  ExactReplays out;
  Player with_hand_offs(trace, own_us);
  Result<ExactReplay> exact =
      with_hand_offs.play("as recorded", any_machine(trace), free_steps(), 1);
  if (!exact) return tl::unexpected(exact.error());
  out.replays.push_back(std::move(*exact));
  if (with_hand_offs.not_recorded() > 0) {
    out.notes.push_back(fmt::format("{} bodies were not recorded, and last as in other iterations",
                                    with_hand_offs.not_recorded()));
  }
  if (with_hand_offs.clamped() > 0) {
    out.notes.push_back(
        fmt::format("{} bodies differ between iterations by more than can be "
                    "replayed",
                    with_hand_offs.clamped()));
  }
  Player bodies(trace, body_us);
  if (Status s = add_machines(trace, machine, seeds, bodies, out); !s)
    return tl::unexpected(s.error());
  return out;
}

}  // namespace mk::cli
