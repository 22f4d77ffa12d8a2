#include "simulator/engine.h"

#include <fmt/format.h>

#include <utility>

#include "simulator/engine_dispatch.h"
#include "simulator/engine_early.h"
#include "simulator/engine_worker.h"

namespace mk::simulator {
namespace {

// A key of the timers keeps this many bits of an instant: 2^51 ps are 37 minutes.
constexpr Picoseconds kLongestRun = Picoseconds{1} << (63 - Tournament::kIndexBits);

constexpr std::uint64_t kBetweenReports = 1U << 14;  // engine events, some milliseconds

}  // namespace

template <Choice kChoice, bool kRecord>
Engine<kChoice, kRecord>::Engine(const EngineInput& input, Recording& recording)
    : graph_(input.graph),
      machine_(input.machine),
      options_(input.options),
      tables_(input.tables),
      roles_(input.options.roles),
      fleet_(input.fleet),
      policy_(input.options.policy),
      costs_(input.costs),
      spreads_(input.spreads),
      hops_(input.hops),
      books_beside_(hops_.keeps_books_beside(policy_.kind)),
      recording_(recording),
      noise_(input.options.mechanisms.noise),
      queue_capacity_(input.options.mechanisms.queue_limit
                          ? static_cast<std::uint32_t>(
                                std::min(4e9, input.machine.protocol.queue_capacity.value))
                          : kNoIndex),
      notify_delay_(to_picoseconds(input.options.injections.notify_delay_us)),
      dependent_(graph_.tasks().dependent_event.data()),
      triggering_(graph_.tasks().triggering_event.data()),
      cost_row_(costs_.row_of().data()),
      timers_(fleet_.workers() + fleet_.schedulers()),
      memory_(port_settings(input)),
      workers_(fleet_.workers()),
      events_(graph_.event_count()),
      schedulers_(fleet_.schedulers()),
      may_serve_early_(input.may_serve_early),
      jit_depths_(roles_.workers),
      staged_(fleet_.workers(), kNoIndex),
      staged_count_(fleet_.workers()),
      lanes_(roles_.schedulers > 0 ? hops_.lanes : 1),
      enqueued_(graph_.task_count()),
      next_in_queue_(kHasJit ? graph_.task_count() : 0) {
  const std::vector<double> factors = worker_factors(input);
  for (std::uint32_t w = 0; w < factors.size(); ++w) workers_[w].sm_factor = factors[w];
  for (std::uint32_t d = 0; d < fleet_.dispatchers(); ++d) {
    dispatchers_.push_back(fleet_.initial_state(d));
  }
}

template <Choice kChoice, bool kRecord>
Result<EngineOutcome> Engine<kChoice, kRecord>::run() {
  begin_iteration(fleet_.home() * roles_.dispatchers(), 0);
  while (!done_ && !failure_) {
    turn();
    if (outcome_.events >= next_report_) report();
  }
  if (failure_) return tl::unexpected(*std::move(failure_));
  for (const WorkerState& worker : workers_) outcome_.busy += worker.busy;
  return std::move(outcome_);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::report() {
  next_report_ += kBetweenReports;
  if (!options_.progress) return;
  const double all =
      static_cast<double>(graph_.task_count()) * static_cast<double>(options_.iterations.size());
  if (!options_.progress(static_cast<double>(outcome_.tasks) / all))
    refuse({ErrorCode::kStuck, "interrupted"});
}

// The next thing that happens.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::turn() {
  ++outcome_.events;
  const std::uint64_t timer = timers_.top();
  const auto timer_at = static_cast<Picoseconds>(timer >> Tournament::kIndexBits);
  const Picoseconds published = kMayServeEarly ? early_.next() : kUnknown;
  if (published <= timer_at && !memory_.ends_by(published)) [[unlikely]] {
    --outcome_.events;
    now_ = published;
    serve_early(published);
  } else if (memory_.ends_by(timer_at)) {
    now_ = memory_.next_end();
    const std::uint32_t entity = memory_.finish_next();
    if (stream_ended(entity)) last_byte(entity % fleet_.workers(), now_);
  } else if (timer != Tournament::kNone) {
    firing_ = Tournament::entity_of(timer);
    now_ = timer_at;
    on_timer(firing_, timer_at);
    if (firing_ != kNoIndex) timers_.clear(std::exchange(firing_, kNoIndex));
    if (timer_at > kLongestRun) {
      refuse({ErrorCode::kUnsupported, "the simulated run is longer than 37 minutes"});
    }
  } else {
    refuse(stuck());
  }
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::on_timer(std::uint32_t entity, Picoseconds now) {
  if (entity >= fleet_.workers()) return scheduler_step(entity - fleet_.workers(), now);
  if constexpr (kChoice == Choice::kEither) {
    if (workers_[entity].stage == Stage::kIdle) return look(entity, now);
  }
  if (workers_[entity].stage == Stage::kToPreload) {
    return start_preload(entity, tables_.list_tasks[workers_[entity].aot_next], now);
  }
  if (workers_[entity].stage == Stage::kDispatching) return worker_step(entity, now);
  first_byte(entity, now);
}

template <Choice kChoice, bool kRecord>
Error Engine<kChoice, kRecord>::stuck() const {
  std::string waits;
  for (std::uint32_t e = 1; e < graph_.event_count() && waits.size() < 200; ++e) {
    if (events_[e].missing == 0) continue;
    waits += fmt::format("{}event {} waits for {} of {} notifications", waits.empty() ? "" : "; ",
                         e, events_[e].missing, graph_.events().trigger_count[e]);
  }
  return {ErrorCode::kStuck, fmt::format("iteration {} got stuck: {}", iteration_, waits)};
}

template class Engine<Choice::kListed, false>;
template class Engine<Choice::kListed, true>;
template class Engine<Choice::kJit, false>;
template class Engine<Choice::kJit, true>;
template class Engine<Choice::kEither, false>;
template class Engine<Choice::kEither, true>;

}  // namespace mk::simulator
