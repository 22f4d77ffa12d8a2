#include "simulator/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/annotate.h"
#include "simulator/bounds.h"
#include "simulator/engine.h"
#include "simulator/kernels.h"
#include "simulator/reference/reference_engine.h"

namespace mk {
namespace {

using simulator::Choice;
using simulator::Costs;
using simulator::Engine;
using simulator::EngineInput;
using simulator::EngineOutcome;
using simulator::Fleet;
using simulator::Hops;
using simulator::MemoryServer;
using simulator::Picoseconds;
using simulator::Recording;
using simulator::Spreads;
using simulator::Tournament;

bool is_megakernel(const SimulationOptions& options) {
  return facts(options.policy.kind).family == PolicyFamily::kMegakernel;
}

Status check_devices(const TaskGraph& graph, const Machine& machine,
                     const SimulationOptions& options) {
  const std::uint32_t devices = graph.info().devices;
  if (devices == 1) return {};
  if (devices > machine.devices.value) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the graph is for {} devices; {} has {}", devices, machine.name,
                            machine.devices.value));
  }
  const PolicyFacts& policy = facts(options.policy.kind);
  if (!is_megakernel(options) && machine.link.all_reduce.typical.value == 0) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the graph is for {} devices; '{}' needs link.all_reduce, which {} does "
                    "not know",
                    devices, policy.name, machine.name));
  }
  if (policy.has_jit_queue && options.roles.schedulers == 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' on {} devices needs schedulers: with 0 a worker would have to "
                            "fill its peers' queues",
                            policy.name, devices));
  }
  return {};
}

Status check_roles(const TaskGraph& graph, const Machine& machine,
                   const SimulationOptions& options) {
  const Roles& roles = options.roles;
  const Result<Split> split = check_split(machine, roles.workers, roles.schedulers);
  if (!split) return tl::unexpected(split.error());
  // A worker has two streams: its body's and its preload's.
  const std::uint32_t devices = graph.info().devices;
  if (devices * (std::uint64_t{roles.workers} + std::max(roles.workers, roles.schedulers)) >
      Tournament::kMaxEntities) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} workers, {} schedulers on {} devices: at most {} of each are "
                    "simulated, together",
                    roles.workers, roles.schedulers, devices, Tournament::kMaxEntities / 2));
  }
  for (const SlowWorker& slow : options.injections.slow_workers) {
    if (slow.worker >= devices * roles.workers) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("slow_worker={}:{}: there are workers 0 .. {}", slow.worker,
                              slow.factor, devices * roles.workers - 1));
    }
  }
  return {};
}

Status check_body_factors(const TaskGraph& graph, const SimulationOptions& options) {
  const std::vector<double>& factors = options.body_factors;
  const std::size_t wanted = options.iterations.size() * graph.task_count();
  const bool in_range = std::all_of(factors.begin(), factors.end(), [](double f) {
    return f >= 1 / kMostBodyFactor && f <= kMostBodyFactor;
  });
  if (factors.empty() || (factors.size() == wanted && in_range && is_megakernel(options)))
    return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} body factors for {} tasks of a megakernel run, each from 1/{} to {}",
                          factors.size(), wanted, kMostBodyFactor, kMostBodyFactor));
}

Status check_jit_workers(const TaskGraph& graph, const SimulationOptions& options) {
  const std::vector<std::uint32_t>& workers = options.jit_workers;
  if (workers.empty()) return {};
  const std::size_t tasks = graph.task_count();
  if (workers.size() != options.iterations.size() * tasks || graph.info().devices > 1 ||
      !is_megakernel(options)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} workers of JIT-launched tasks, for {} in all iterations of a "
                            "megakernel run on one device",
                            workers.size(), options.iterations.size() * tasks));
  }
  const Fleet fleet(graph, options.roles);
  // Without schedulers each dispatcher places the whole range, on any worker.
  const std::uint32_t dispatchers = std::max(1U, options.roles.schedulers);
  for (std::uint32_t place = 0; place < graph.event_count() * dispatchers; ++place) {
    const std::uint32_t d = place % dispatchers;
    const WorkerRange own = fleet.workers_of(d);
    const TaskRange share = fleet.share_of(d, place / dispatchers);
    for (std::size_t first = 0; first < workers.size(); first += tasks) {
      for (std::uint32_t task = share.begin; task < share.end; ++task) {
        const std::uint32_t worker = workers[first + task];
        if (worker == kNoIndex || (worker >= own.begin && worker < own.end)) continue;
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("task {} on worker {}: its dispatcher feeds {} .. {}", task, worker,
                                own.begin, own.end - 1));
      }
    }
  }
  return {};
}

Status check_input(const TaskGraph& graph, const Machine& machine,
                   const SimulationOptions& options) {
  if (options.iterations.empty()) {
    return fail(ErrorCode::kInvalidInput, "no iteration to simulate");
  }
  if (Status status = check_devices(graph, machine, options); !status) return status;
  if (const Status factors = check_body_factors(graph, options); !factors) return factors;
  if (is_megakernel(options)) {
    if (Status roles = check_roles(graph, machine, options); !roles) return roles;
  }
  if (Status placed = check_jit_workers(graph, options); !placed) return placed;
  if (is_megakernel(options)) return {};
  if (Status status = check_kernel_plan(options.kernels, graph); !status) return status;
  if (machine.sms.value > Tournament::kMaxEntities) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} SMs: at most {} are simulated",
                                                     machine.sms.value, Tournament::kMaxEntities));
  }
  return {};
}

// The same for the factors of single bodies.
Status check_slowed_bytes(const TaskGraph& graph, const SimulationOptions& options) {
  const std::size_t tasks = graph.task_count();
  for (std::size_t at = 0; at < options.body_factors.size(); ++at) {
    const TaskClass& row = graph.classes()[graph.tasks().task_class[at % tasks]];
    const IterationState& state = options.iterations[at / tasks];
    const auto bytes = static_cast<double>(row.weight_bytes.at(state) + row.kv_bytes.at(state));
    if (bytes * options.body_factors[at] <= static_cast<double>(MemoryServer::kMaxBytes)) continue;
    return fail(ErrorCode::kUnsupported,
                fmt::format("a task streams {} bytes, slowed {} times; at most {} are simulated",
                            bytes, options.body_factors[at], MemoryServer::kMaxBytes));
  }
  return {};
}

// A stream's bytes have to fit into the memory server's clock, slowed by noise and SM.
Status check_stream_bytes(const TaskGraph& graph, const SimulationOptions& options) {
  constexpr double kSlowest = 8;  // that spreads of 0.5 make of a body and an SM
  const double most = static_cast<double>(MemoryServer::kMaxBytes) / kSlowest;
  for (const TaskClass& row : graph.classes()) {
    for (const IterationState& state : options.iterations) {
      const std::int64_t bytes = row.weight_bytes.at(state) + row.kv_bytes.at(state);
      if (static_cast<double>(bytes) > most) {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("a task streams {} bytes; at most {:.0f} are simulated", bytes, most));
      }
      if (row.weight_bytes.is_constant() && row.kv_bytes.is_constant()) break;
    }
  }
  return check_slowed_bytes(graph, options);
}

template <bool kRecord>
Result<EngineOutcome> run_jit(EngineInput input, Recording& recording) {
  Engine<Choice::kJit, kRecord> engine(input, recording);
  Result<EngineOutcome> outcome = engine.run();
  if (outcome || !engine.is_in_doubt()) return outcome;
  input.may_serve_early = false;
  return Engine<Choice::kJit, kRecord>(input, recording).run();
}

template <bool kRecord>
Result<EngineOutcome> run_engine(const EngineInput& input, Recording& recording) {
  switch (input.options.policy.kind) {
    case PolicyKind::kJit:
      return run_jit<kRecord>(input, recording);
    case PolicyKind::kHybrid:
      return Engine<Choice::kEither, kRecord>(input, recording).run();
    default:
      return Engine<Choice::kListed, kRecord>(input, recording).run();
  }
}

// A baseline's kernels have their bodies' parts one after the other (kernels.h).
Mechanisms mechanisms_of_bodies(const SimulationOptions& options) {
  Mechanisms mechanisms = options.mechanisms;
  if (!is_megakernel(options)) mechanisms.input_overlap = false;
  return mechanisms;
}

// One simulation, from checked input to the result.
class Simulation {
 public:
  Simulation(std::shared_ptr<const TaskGraph> graph, const Machine& machine,
             const SimulationOptions& options)
      : graph_(std::move(graph)),
        machine_(machine),
        options_(options),
        spreads_(options.mechanisms.noise),
        hops_(machine, options.mechanisms, spreads_),
        costs_(*graph_, machine, mechanisms_of_bodies(options), spreads_) {}

  Result<SimulationResult> run() {
    const auto before = std::chrono::steady_clock::now();
    Result<EngineOutcome> outcome = is_megakernel(options_) ? run_megakernel() : run_baseline();
    const auto after = std::chrono::steady_clock::now();
    if (!outcome) return tl::unexpected(outcome.error());
    SimulationResult result = summary(*outcome);
    result.wall_seconds = std::chrono::duration<double>(after - before).count();
    if (options_.lower_bounds) {
      result.bounds = simulator::lower_bounds(*graph_, machine_, options_, costs_, spreads_, hops_,
                                              fastest_sm());
    }
    if (options_.record) result.record = finish_record(*outcome);
    return result;
  }

 private:
  Result<EngineOutcome> run_megakernel() {
    const Fleet fleet(*graph_, options_.roles);
    const PlacementTables tables = simulator::place_fleet(*graph_, options_.policy, options_.roles);
    const EngineInput input{*graph_, machine_, options_, fleet, tables, costs_, spreads_, hops_};
    if (options_.record) {
      recording_.add_roles(machine_, options_.roles, graph_->info().devices);
      const std::size_t iterations = options_.iterations.size();
      recording_.record().tasks.reserve(graph_->task_count() * iterations);
      recording_.record().activations.reserve(graph_->event_count() * iterations);
    }
    if (options_.engine == EngineKind::kReference) {
      return simulator::ReferenceEngine(input, options_.record ? &recording_ : nullptr).run();
    }
    return options_.record ? run_engine<true>(input, recording_)
                           : run_engine<false>(input, recording_);
  }

  Result<EngineOutcome> run_baseline() {
    return simulator::run_kernels(*graph_, machine_, options_, costs_, spreads_,
                                  options_.record ? &recording_ : nullptr);
  }

  SimulationResult summary(const EngineOutcome& outcome) const {
    SimulationResult result;
    result.makespan = Duration(outcome.ends.back() - outcome.begins.front());
    for (std::size_t i = 0; i < outcome.ends.size(); ++i) {
      result.iterations.emplace_back(outcome.ends[i] - outcome.begins[i]);
    }
    const auto span = static_cast<double>(std::max<Picoseconds>(1, result.makespan.count()));
    const double devices = graph_->info().devices;
    const double workers =
        devices * (is_megakernel(options_) ? options_.roles.workers : machine_.sms.value);
    result.worker_busy_fraction = static_cast<double>(outcome.busy) / (span * workers);
    const double schedulers = devices * (is_megakernel(options_) ? options_.roles.schedulers : 0);
    if (schedulers > 0) {
      result.scheduler_busy_fraction =
          static_cast<double>(outcome.scheduling) / (span * schedulers);
    }
    const double spec = devices * machine_.memory.spec_bandwidth.value * 1e-3;  // bytes a ps
    result.hbm_fraction = static_cast<double>(outcome.bytes) / (span * spec);
    result.tasks_simulated = outcome.tasks;
    result.events_processed = outcome.events;
    return result;
  }

  // 1 where SMs do not differ; bodies of injected slow workers are never faster.
  double fastest_sm() const {
    const std::vector<double> factors =
        simulator::sm_factors(machine_, graph_->info().devices * options_.roles.workers,
                              options_.roles.workers, options_.seed, options_.mechanisms.sm_spread);
    return *std::min_element(factors.begin(), factors.end());
  }

  RunRecord finish_record(const EngineOutcome& outcome) {
    RunRecord record = std::move(recording_.record());
    record.machine = machine_;
    record.policy = options_.policy;
    record.roles = options_.roles;
    record.graphs = {graph_};
    for (std::size_t i = 0; i < outcome.ends.size(); ++i) {
      record.iterations.push_back({0, simulator::to_nanoseconds(outcome.begins[i]),
                                   simulator::to_nanoseconds(outcome.ends[i]),
                                   options_.iterations[i]});
    }
    record.meta["source"] = "simulated";
    record.meta["model"] = graph_->info().model;
    record.meta["policy"] = facts(options_.policy.kind).name;
    record.meta["seed"] = std::to_string(options_.seed);
    record.meta["mechanisms"] = to_text(options_.mechanisms);
    if (const std::string text = to_text(options_.injections); !text.empty()) {
      record.meta["injections"] = text;
    }
    return record;
  }

  std::shared_ptr<const TaskGraph> graph_;
  const Machine& machine_;
  const SimulationOptions& options_;
  Spreads spreads_;
  Hops hops_;
  Costs costs_;
  Recording recording_{};
};

}  // namespace

Duration LowerBounds::largest() const { return std::max({bytes, flop, critical_path, work}); }

Result<SimulationResult> simulate(std::shared_ptr<const TaskGraph> graph, const Machine& machine,
                                  const SimulationOptions& options) {
  const Annotation phase("simulate");
  Status status = check_input(*graph, machine, options);
  if (status) status = check_stream_bytes(*graph, options);
  if (!status) return tl::unexpected(status.error());
  return Simulation(std::move(graph), machine, options).run();
}

}  // namespace mk
