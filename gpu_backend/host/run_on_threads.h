// run_on_threads: runs a task graph on host threads, under any megakernel policy, by the protocol
// that the device runs too. One call is one run: iteration after iteration until the program says
// that there is no next one; nothing is launched in between.
//
//   struct MyProgram {
//     void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration);
//     bool prepare(std::uint32_t iteration, mk::IterationState& state);
//   };
//   Result<RunRecord> record = run_on_threads(graph, program, {.policy = ..., .roles = {2, 1}});
//
// execute() may take a fourth parameter, and there may be a turn_of_wait(): see protocol/agent.h.
// execute() is called once for each task and iteration, by the worker's thread; it must return, and
// it sees everything that the tasks before its dependent event wrote, and what prepare() wrote.
// prepare() is called by one thread at a time, for iteration 0 before the threads start, then when
// all tasks of the iteration before are done; it fills in what the iteration runs on, and returns
// false iff the run ends here. Only the program's members that these two touch are shared.
//
// The record holds iterations always, and with options.record tasks, activations, clocks and what
// was lost. Its meta has the keys this function knows: source, policy, placement, workers,
// schedulers, cores, pinned, clock, injections; the caller adds model and tool_version.
// Errors: those of check_options; Stuck, with the report of who waits for what, iff nothing moved
// for deadline_seconds; InvalidInput iff a queue of the given capacity was full.
//
// More threads than cores make progress too (waiting threads yield), but their times mean little.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <vector>

#include "core/iteration_state.h"
#include "core/record.h"
#include "gpu_backend/host/host_memory.h"
#include "gpu_backend/host/launch_storage.h"
#include "gpu_backend/host/recorder.h"
#include "gpu_backend/host/run_options.h"
#include "gpu_backend/host/run_threads.h"
#include "gpu_backend/protocol/scheduler.h"
#include "gpu_backend/protocol/worker.h"

namespace mk {

template <typename P>
concept LooksAhead = requires(P& program, std::uint32_t n, const protocol::InHand& in_hand) {
  program.execute(n, n, n, in_hand);
};

template <typename P>
concept HostProgram = requires(P& program, std::uint32_t n, IterationState& state) {
  requires LooksAhead<P> || requires { program.execute(n, n, n); };
  { program.prepare(n, state) } -> std::convertible_to<bool>;
};

// What the protocol sees of a program: it keeps the iterations' states and slows down workers.
template <HostProgram Program>
class ProtocolProgram {
 public:
  ProtocolProgram(Program& program, const HostRunOptions& options) : program_(program) {
    if (options.injections.slow_workers.empty()) return;
    for (std::uint32_t w = 0; w < options.roles.workers; ++w) {
      slow_factor_.push_back(options.injections.slow_factor(w));
    }
  }

  void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration,
               const protocol::InHand& after) {
    if (slow_factor_.empty()) [[likely]] {
      execute_body(worker, task, iteration, after);
    } else {
      execute_slowly(worker, task, iteration, after);
    }
  }

  std::uint32_t turn_of_wait(std::uint32_t worker, const protocol::InHand& in_hand) {
    if constexpr (requires { program_.turn_of_wait(worker, in_hand); }) {
      return program_.turn_of_wait(worker, in_hand);
    }
    return kNoIndex;
  }

  bool prepare(std::uint32_t iteration) {
    IterationState state;
    if (!program_.prepare(iteration, state)) return false;
    states_.push_back(std::move(state));
    return true;
  }

  std::vector<IterationState>& states() { return states_; }

 private:
  void execute_body(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration,
                    const protocol::InHand& after) {
    if constexpr (LooksAhead<Program>) {
      program_.execute(worker, task, iteration, after);
    } else {
      program_.execute(worker, task, iteration);
    }
  }

  void execute_slowly(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration,
                      const protocol::InHand& after) {
    const std::uint64_t start = ticks_now();
    execute_body(worker, task, iteration, after);
    const auto body = static_cast<double>(ticks_now() - start);
    const auto until = start + static_cast<std::uint64_t>(body * slow_factor_[worker]);
    while (ticks_now() < until) {
    }
  }

  Program& program_;
  std::vector<double> slow_factor_{};  // a worker; empty: none is slow
  std::vector<IterationState> states_{};
};

namespace detail {

// One lane of one device, numbered on that device.
template <bool kRecords, typename Program>
void run_lane(const protocol::Launch<HostMemory>& launch, std::uint32_t lane, Program& program,
              LaneBuffers& buffers, std::vector<IterationTicks>& iterations) {
  Recorder<kRecords> recorder(buffers, iterations);
  if (lane >= launch.roles.workers) {
    protocol::scheduler_loop(launch, lane - launch.roles.workers, program, recorder);
    return;
  }
  if (lane == 0) protocol::start_run(launch, program, recorder);
  protocol::worker_loop(launch, lane, program, recorder);
}

template <typename Program>
void run_lane(bool records, const protocol::Launch<HostMemory>& launch, std::uint32_t lane,
              Program& program, LaneBuffers& buffers, std::vector<IterationTicks>& iterations) {
  if (records) {
    run_lane<true>(launch, lane, program, buffers, iterations);
  } else {
    run_lane<false>(launch, lane, program, buffers, iterations);
  }
}

}  // namespace detail

template <HostProgram Program>
[[nodiscard]] Result<RunRecord> run_on_threads(std::shared_ptr<const TaskGraph> graph,
                                               Program& program, const HostRunOptions& options) {
  if (Status checked = check_options(*graph, options); !checked) {
    return tl::unexpected(checked.error());
  }
  if (graph->info().devices != 1) {
    return fail(ErrorCode::kInvalidInput, "a graph for several devices: see run_on_devices()");
  }
  ProtocolProgram<Program> wrapped(program, options);
  RunRows rows;
  if (wrapped.prepare(0)) {
    LaunchStorage storage(*graph, options);
    rows.reserve(*graph, options);
    run_threads(options, rows, [&](std::uint32_t lane) {
      detail::run_lane(options.record, storage.launch(), lane, wrapped, rows.lanes[lane],
                       rows.iterations);
    });
    if (Status outcome = storage.outcome(*graph); !outcome) {
      return tl::unexpected(outcome.error());
    }
  }
  return make_run_record(std::move(graph), options, rows, std::move(wrapped.states()));
}

}  // namespace mk
