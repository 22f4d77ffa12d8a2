#include "simulator/reference/reference_engine.h"

#include <fmt/format.h>

namespace mk::simulator {

ReferenceEngine::ReferenceEngine(const EngineInput& input, Recording* recording)
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
      recording_(recording),
      noise_(input.options.mechanisms.noise),
      memory_(port_settings(input)),
      workers_(fleet_.workers()),
      counters_(graph_.event_count()),
      schedulers_(fleet_.schedulers()),
      enqueued_(graph_.task_count()),
      begun_(fleet_.devices()) {
  const std::vector<double> factors = worker_factors(input);
  for (std::uint32_t w = 0; w < factors.size(); ++w) workers_[w].sm_factor = factors[w];
  for (std::uint32_t d = 0; d < fleet_.dispatchers(); ++d) {
    dispatchers_.push_back(fleet_.initial_state(d));
  }
}

Result<EngineOutcome> ReferenceEngine::run() {
  for (std::uint32_t s = 0; s < fleet_.schedulers(); ++s) {
    agenda_.at(0, Turn::kHop, s, [this, s] { poll_events(s); });
  }
  const bool by_worker = roles_.schedulers == 0 && !is_static();
  for (std::uint32_t w = 0; w < fleet_.workers(); ++w) {
    if (by_worker && w % roles_.workers == 0) continue;  // begins the iteration
    agenda_.at(0, Turn::kHop, w, [this, w] { become_free(w); });
  }
  agenda_.at(0, Turn::kHop, 0, [this] { begin(fleet_.home() * roles_.dispatchers()); });
  while (!done_) {
    const Picoseconds stream_at = memory_.next_end();
    const bool streams = stream_at != MemoryServer::kNever;
    if (!streams && agenda_.is_dead()) return tl::unexpected(stuck());
    const bool agenda_first =
        !agenda_.empty() &&
        (!streams || agenda_.next_instant() < stream_at ||
         (agenda_.next_instant() == stream_at && agenda_.next_turn() < Turn::kStream));
    if (agenda_first) {
      agenda_.step();
    } else {
      agenda_.happened(stream_at);
      stream_end(memory_.finish_next());
    }
    ++outcome_.events;
  }
  return std::move(outcome_);
}

// `begin` of iteration_ is activated now.
void ReferenceEngine::begin(std::uint32_t dispatcher) {
  outcome_.begins.push_back(now());
  task_draws_ = RandomStream(options_.seed, iteration_, kTaskDraws);
  event_draws_ = RandomStream(options_.seed, iteration_, kEventDraws);
  costs_.evaluate(options_.iterations[iteration_], iteration_ > 0);
  for (std::uint32_t e = 0; e < graph_.event_count(); ++e) {
    counters_[e] = {};
    counters_[e].missing = graph_.events().trigger_count[e];
  }
  counters_[0].activated = now();
  counters_[0].missing = 0;
  if (is_static()) return begin_static(dispatcher);
  if (roles_.schedulers == 0) return begin_by_workers(dispatcher);
  const Picoseconds free_at = hand_over(fleet_.device_of_dispatcher(dispatcher), 0, 0);
  if (iteration_ == 0) return;
  agenda_.at(free_at, Turn::kHop, 0, [this, dispatcher] { free_dispatcher(dispatcher); });
}

void ReferenceEngine::begin_static(std::uint32_t dispatcher) {
  if (recording_ != nullptr) {
    recording_->record().activations.push_back(
        {0, iteration_, to_nanoseconds(now()), kNotTaken, kNotTaken, {}});
  }
  const std::uint32_t from = fleet_.device_of_dispatcher(dispatcher);
  for (std::uint32_t d = 0; d < fleet_.devices(); ++d) {
    if (d == from) {
      ++begun_[d];
    } else {
      agenda_.at(begin_seen(from, d, now()), Turn::kHop, d, [this, d] { ++begun_[d]; });
    }
  }
  if (iteration_ > 0) free_dispatcher(dispatcher);
}

// With 0 schedulers: on each device a worker does its step, once it sees it.
void ReferenceEngine::begin_by_workers(std::uint32_t dispatcher) {
  const std::uint32_t from = fleet_.device_of_dispatcher(dispatcher);
  agenda_.at(now(), Turn::kWorker, dispatcher,
             [this, dispatcher] { dispatch(dispatcher, 0, now()); });
  for (std::uint32_t d = 0; d < fleet_.devices(); ++d) {
    if (d == from) continue;
    const std::uint32_t first = d * roles_.workers;
    const Picoseconds seen =
        poll_after(workers_[first].free_at, begin_seen(from, d, now()), hops_.poll_period);
    ++workers_[first].drops;  // the look that it was about
    agenda_.at(seen, Turn::kWorker, first, [this, first] { dispatch(first, 0, now()); });
  }
}

// When `device` can see that `from` has published `begin` at `instant`.
Picoseconds ReferenceEngine::begin_seen(std::uint32_t from, std::uint32_t device,
                                        Picoseconds instant) const {
  if (device == from) return instant;
  return instant + draw(hops_.put, event_bits(0, device) >> kPutBits);
}

// The dispatcher's step for `end`.
void ReferenceEngine::end_iteration(std::uint32_t dispatcher) {
  if (iteration_ + 1 == options_.iterations.size()) {
    done_ = true;
    return;
  }
  ++iteration_;
  const Picoseconds prepared = now() + boundary_cost();
  agenda_.at(prepared + draw(hops_.notify, event_bits(0) >> kBeginBits), Turn::kHop, 0,
             [this, dispatcher] { begin(dispatcher); });
}

void ReferenceEngine::free_dispatcher(std::uint32_t dispatcher) {
  if (roles_.schedulers == 0) return become_free(dispatcher);
  poll_events(dispatcher);
}

Picoseconds ReferenceEngine::boundary_cost() const {
  const IterationState& state = options_.iterations[iteration_];
  const double amounts =
      hops_.per_request * static_cast<double>(state.quantity(QuantityKind::kLiveRequests, 0)) +
      hops_.per_page * static_cast<double>(new_pages(graph_, state)) +
      hops_.per_token * static_cast<double>(state.live_tokens());
  return draw(hops_.boundary, event_bits(0) >> kBoundaryBits) +
         static_cast<Picoseconds>(amounts + 0.5);
}

Error ReferenceEngine::stuck() const {
  return {ErrorCode::kStuck, fmt::format("iteration {} got stuck", iteration_)};
}

}  // namespace mk::simulator
