#include "simulator/costs.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace mk::simulator {
namespace {

constexpr double kPicosecondsPerMicrosecond = 1e6;

double ps(const Number& us) { return us.value * kPicosecondsPerMicrosecond; }

Hop hop_of(const Latency& latency, bool on, Spreads& spreads) {
  return {on ? ps(latency.typical) : 0, spreads.index_of(latency.spread.value)};
}

// The place of a limit among the distinct ones.
std::uint32_t class_with(double limit, std::vector<double>& limits) {
  const auto found = std::find(limits.begin(), limits.end(), limit);
  const auto place = static_cast<std::uint32_t>(found - limits.begin());
  if (found == limits.end()) limits.push_back(limit);
  return place;
}

}  // namespace

Picoseconds to_picoseconds(double us) {
  return static_cast<Picoseconds>(std::llround(us * kPicosecondsPerMicrosecond));
}

std::uint32_t Spreads::index_of(double spread) {
  if (!noise_) spread = 0;
  const auto found = std::find(spread_.begin(), spread_.end(), spread);
  if (found == spread_.end()) {
    spread_.push_back(spread);
    tables_.emplace_back(spread);
    return static_cast<std::uint32_t>(spread_.size() - 1);
  }
  return static_cast<std::uint32_t>(found - spread_.begin());
}

Hops::Hops(const Machine& machine, const Mechanisms& mechanisms, Spreads& spreads) {
  const ProtocolNumbers& p = machine.protocol;
  const bool on = mechanisms.hand_off;
  notify = hop_of(p.notify, on, spreads);
  peer_notify = notify;
  peer_notify.typical *= p.peer_notify_factor.value;
  put = mechanisms.links ? hop_of(machine.link.put, on, spreads) : peer_notify;
  observe = hop_of(p.observe, on, spreads);
  dispatch = hop_of(p.dispatch, on, spreads);
  books_beside = mechanisms.books_beside &&
                 std::any_of(machine.bodies.begin(), machine.bodies.end(),
                             [](const BodyNumbers& body) { return body.warps.value > 0; });
  if (mechanisms.behind_requests && on) {
    behind_requests = to_picoseconds(kBytesUnderWay * 1e-3 / machine.bandwidth_at(1));
  }
  fetch = hop_of(p.fetch, mechanisms.batch_fetch, spreads);
  activate = hop_of(p.activate, mechanisms.scheduler_cost, spreads);
  peer_activate = activate;
  peer_activate.typical *= p.peer_notify_factor.value;
  dequeue = hop_of(p.dequeue, mechanisms.scheduler_cost, spreads);
  enqueue = hop_of(p.enqueue, mechanisms.scheduler_cost, spreads);
  if (mechanisms.aot_enqueue) {
    enqueue_aot = enqueue_aot_alone = enqueue;
    if (p.enqueue_aot.value > 0 && mechanisms.scheduler_cost) {
      enqueue_aot.typical = ps(p.enqueue_aot);
    }
  }
  broadcast = activate;
  if (p.broadcast_push.value > 0 && mechanisms.scheduler_cost) {
    broadcast.typical = ps(p.broadcast_push);
    look = to_picoseconds(p.broadcast_look.value);
  }
  one_broadcast = mechanisms.broadcast_queue && machine.kind == MachineKind::kGpu &&
                  p.broadcast_push.value <= 0;
  if (mechanisms.scheduler_cost) publish = to_picoseconds(p.publish.value);
  if (mechanisms.scheduler_lanes) {
    lanes = std::max(1U, static_cast<std::uint32_t>(p.scheduler_lanes.value));
  }
  publish_batch = std::max(1U, static_cast<std::uint32_t>(p.publish_batch.value));
  boundary = hop_of(machine.boundary.base, mechanisms.boundary_cost, spreads);
  if (mechanisms.boundary_cost) {
    per_request = ps(machine.boundary.per_request);
    per_page = ps(machine.boundary.per_page);
    per_token = ps(machine.boundary.per_token);
  }
  if (mechanisms.l2_distance && on) {
    l2_swing = to_picoseconds(machine.memory.l2_far.value - machine.memory.l2_near.value) / 2;
  }
  if (mechanisms.contention && on) contention = to_picoseconds(p.contention.value);
  if (mechanisms.poll_phase) {
    const double observed = on ? p.observe.typical.value : 0;
    poll_period = to_picoseconds(observed + p.poll_interval.value);
    look_period = to_picoseconds(2 * observed + p.poll_interval.value);
    if (mechanisms.scheduler_cost) scheduler_period = to_picoseconds(p.scheduler_poll.value);
  }
  fetch_batch = static_cast<std::uint32_t>(p.fetch_batch.value);
  static_batch = static_cast<std::uint32_t>(p.static_batch.value);
  if (static_batch == 0) static_batch = fetch_batch;
}

Costs::Costs(const TaskGraph& graph, const Machine& machine, const Mechanisms& mechanisms,
             Spreads& spreads)
    : graph_(graph),
      machine_(machine),
      row_of_(graph.task_count()),
      spread_of_kind_(kTaskKindCount),
      links_(mechanisms.links),
      warp_rounds_(mechanisms.warp_rounds),
      ring_preload_(mechanisms.ring_preload),
      input_overlap_(mechanisms.input_overlap),
      begin_ahead_(mechanisms.begin_ahead),
      few_under_way_(mechanisms.few_under_way),
      row_rates_(mechanisms.row_rates),
      l2_latency_((machine.memory.l2_near.value + machine.memory.l2_far.value) / 2) {
  if (mechanisms.l2_capacity) {
    l2_capacity_ = machine.memory.l2_capacity.value * graph.info().devices;
  }
  if (mechanisms.preload) {
    page_bytes_ = static_cast<std::int64_t>(machine.shared_memory.page_bytes.value);
    pages_ = static_cast<std::int64_t>(machine.shared_memory.pages.value);
  }
  std::vector<std::uint32_t> row(graph.classes().size() * kTaskKindCount, kNoIndex);
  for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
    const std::uint32_t task_class = graph.tasks().task_class[task];
    const TaskKind kind = graph.tasks().kind[task];
    std::uint32_t& first = row[task_class * kTaskKindCount + index_of(kind)];
    // Of a million tasks nearly all: their class and kind have been met, and have one row.
    const bool is_known = first != kNoIndex && !has_dealt_rows(kind);
    const std::uint32_t r = is_known ? first : row_with(key_of(task), first);
    if (first == kNoIndex) first = r;
    row_of_[task] = r;
    ++tasks_of_row_[r];
  }
  rows_.resize(keys_.size());
  classify(spreads);
}

// Numbers the limits kind by kind, and in a kind in the order in which tasks are met: ties between
// streams are ordered by class.
void Costs::classify(Spreads& spreads) {
  classes_.resize(keys_.size());
  for (const TaskKindFacts& kind : kTaskKinds) {
    const BodyNumbers& body = machine_.body(kind.kind);
    for (std::size_t r = 0; r < keys_.size(); ++r) {
      if (keys_[r].kind != kind.kind) continue;
      const double port = port_limit(keys_[r]);
      const double limit = kind.kind == TaskKind::kPut ? machine_.link.bandwidth.value
                                                       : machine_.stream_limit(body, port);
      classes_[r] = {class_with(limit, limits_), class_with(l2_limit(body, port), l2_limits_)};
      spread_of_kind_[index_of(kind.kind)] = spreads.index_of(body.spread.value);
    }
  }
}

// Of that many rows.
RowDeal Costs::deal_of(const Key& key, std::int64_t rows) const {
  return RowDeal::of(static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(key.row_bytes),
                     static_cast<std::uint32_t>(machine_.shared_memory.page_bytes.value),
                     key.gated);
}

// By how many rows a chunk holds, or chunks a row, where the body's rows are dealt to warps.
double Costs::port_limit(const Key& key) const {
  const BodyNumbers& body = machine_.body(key.kind);
  if (!row_rates_ || key.row_bytes == 0) return body.port_limit.value;
  const double port = body.port_limit.value;
  switch (deal_of(key, 1).length()) {
    case RowLength::kPair:
      return body.pair_limit.value > 0 ? body.pair_limit.value : port;
    case RowLength::kSingle:
      return body.row_limit.value > 0 ? body.row_limit.value : port;
    case RowLength::kLonger:
      break;
  }
  const auto bytes = static_cast<double>(key.row_bytes);
  return bytes / (bytes / port + body.row_time.value * 1e3);
}

// Without rows iff those of the task are not dealt to warps, or it is not known how long they are.
Costs::Key Costs::key_of(std::uint32_t task) const {
  const TaskKind kind = graph_.tasks().kind[task];
  Key key{graph_.tasks().task_class[task], kind, 0, false};
  if (!has_dealt_rows(kind)) return key;
  // A body of several tokens gives each warp columns of all rows.
  if (graph_.info().batch_tokens > 1) return key;
  const Operator& op = graph_.op_of(TaskId(task));
  const auto* const linear = std::get_if<LinearParams>(&op.params);
  if (linear == nullptr) return key;
  const std::size_t weight = kind == TaskKind::kNormLinear ? 2 : 1;
  if (op.accesses.size() <= weight) return key;
  key.row_bytes = linear->in * size_of(graph_.tensors()[op.accesses[weight].tensor.index].dtype);
  key.gated = linear->gated;
  return key;
}

// The row of that key, a new one iff there is none; `first`: of its class and kind, if there is.
std::uint32_t Costs::row_with(const Key& key, std::uint32_t first) {
  for (std::size_t r = first; r < keys_.size(); ++r) {
    if (keys_[r] == key) return static_cast<std::uint32_t>(r);
  }
  keys_.push_back(key);
  tasks_of_row_.push_back(0);
  return static_cast<std::uint32_t>(keys_.size() - 1);
}

void Costs::evaluate(const IterationState& state, bool is_again) {
  const bool is_there = is_again && fits_l2(state);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    rows_[i] = evaluate(keys_[i], state);
    rows_[i].stream_class = classes_[i].memory;
    if (is_there) take_from_l2(rows_[i], i);
  }
}

double Costs::l2_limit(const BodyNumbers& body, double port) const {
  if (l2_latency_ <= 0) return port;
  return std::min(body.bytes_in_flight.value * 1e-3 / l2_latency_, port);
}

bool Costs::fits_l2(const IterationState& state) const {
  double streamed = 0;
  for (std::size_t i = 0; i < keys_.size() && streamed <= l2_capacity_; ++i) {
    if (keys_[i].kind == TaskKind::kEmpty) continue;
    const TaskClass& amounts = graph_.classes()[keys_[i].task_class];
    streamed += static_cast<double>(amounts.weight_bytes.at(state) + amounts.kv_bytes.at(state)) *
                tasks_of_row_[i];
  }
  return streamed > 0 && streamed <= l2_capacity_;
}

// A stream whose first bytes are nearer by what the memory takes longer than the L2.
void Costs::take_from_l2(BodyCost& cost, std::size_t row) const {
  if (cost.bytes == 0 || cost.route != Route::kMemory) return;
  cost.route = Route::kL2;
  cost.stream_class = classes_[row].l2;
  const double nearer = std::max(0.0, machine_.memory.latency.value - l2_latency_);
  cost.start_up = std::max<Picoseconds>(0, cost.start_up - to_picoseconds(nearer));
}

BodyCost Costs::evaluate(const Key& key, const IterationState& state) const {
  const TaskClass& amounts = graph_.classes()[key.task_class];
  const BodyNumbers& body = machine_.body(key.kind);
  BodyCost cost;
  cost.spread = spread_of_kind_[index_of(key.kind)];
  if (key.kind == TaskKind::kEmpty) return cost;
  cost.kv_bytes = amounts.kv_bytes.at(state);
  cost.bytes = amounts.weight_bytes.at(state) + cost.kv_bytes;
  if (key.kind == TaskKind::kPut) {
    cost.route = Route::kLink;
    cost.bytes = links_ ? amounts.bytes_sent.at(state) : 0;
  }
  cost.flops = amounts.flops.at(state);
  const std::int64_t activations = amounts.activation_bytes.at(state);
  if (cost.bytes == 0 && cost.flops == 0 && activations == 0) return cost;

  const auto tile = static_cast<std::int64_t>(body.tile_bytes.value);
  cost.tile_bytes = tile > 0 ? tile : cost.bytes;
  if (cost.bytes > 0) {
    cost.tiles = static_cast<std::uint32_t>((cost.bytes + cost.tile_bytes - 1) / cost.tile_bytes);
  }
  deal_rows(cost, key);
  limit_loads_ahead(cost, amounts);
  const double clock = machine_.clock.value * 1e9;
  const double seconds =
      static_cast<double>(cost.flops) / (body.flops_per_cycle.value * clock * cost.tiles);
  cost.compute = static_cast<Picoseconds>(seconds * 1e12 + 0.5);
  cost.start_up = to_picoseconds(body.start_up.value);
  cost.between = to_picoseconds(body.epilogue.value);
  cost.next = cost.between + cost.start_up;
  cost.tail =
      cost.between + to_picoseconds(body.fixed.value + body.per_activation.value *
                                                           static_cast<double>(activations) / 1024);
  if (key.row_bytes > 0) {
    // One body still: its rounds follow each other at once, and its arithmetic is in their rate.
    cost.between = cost.next = cost.compute = 0;
    if (input_overlap_) overlap_input(cost, key);
  }
  if (ring_preload_ && body.warps.value > 0) load_into_ring(cost, key);
  return cost;
}

// Full rounds as one tile, the last round as another one, which fewer warps stream.
void Costs::deal_rows(BodyCost& cost, const Key& key) const {
  if (key.row_bytes == 0 || cost.bytes == 0) return;
  const auto warps = static_cast<std::uint32_t>(machine_.body(key.kind).warps.value);
  const RowDeal deal = deal_of(key, cost.bytes / key.row_bytes);
  const std::uint32_t last = deal.warps_of_last_round(warps);
  const std::int64_t full = deal.rows_of_full_rounds(warps) * key.row_bytes;
  cost.tiles = last > 0 && full > 0 ? 2 : 1;
  cost.tile_bytes = full > 0 ? full : cost.bytes;
  const double enough = machine_.body(key.kind).enough_warps.value;
  if (last > 0) cost.last_slowness = std::max(1.0, (enough > 0 ? enough : warps) / last);
}

// A body asks for its first chunks before it reads its input, and works them off once it has that:
// not sooner, whatever has come by then.
void Costs::overlap_input(BodyCost& cost, const Key& key) const {
  const Picoseconds fixed = to_picoseconds(machine_.body(key.kind).fixed.value);
  cost.input = fixed + work_off_of(cost, key);
  cost.tail -= fixed;
}

// The first tile at the rate at which warps stream: that is how fast they multiply.
Picoseconds Costs::work_off_of(const BodyCost& cost, const Key& key) const {
  const auto first = static_cast<double>(cost.bytes_of_tile(cost.tiles - 1));
  const double slowness = cost.slowness_of_tile(cost.tiles - 1);
  return static_cast<Picoseconds>(first * slowness * 1e3 / port_limit(key) + 0.5);
}

// What lies in rings is worked off all the same.
void Costs::load_into_ring(BodyCost& cost, const Key& key) const {
  if (cost.preload == 0) return;
  const BodyNumbers& body = machine_.body(key.kind);
  std::uint32_t stages = 2;
  auto warps = static_cast<std::int64_t>(body.warps.value);
  if (key.row_bytes > 0) {
    const RowDeal deal = deal_of(key, (cost.bytes + key.row_bytes - 1) / key.row_bytes);
    stages =
        deal.stages_ahead(static_cast<std::uint32_t>(warps),
                          static_cast<std::uint32_t>(pages_ / std::max<std::int64_t>(1, warps)));
    warps = std::min<std::int64_t>(warps, deal.turns());
  }
  cost.in_ring = true;
  cost.begins_ahead = begin_ahead_;
  const double latency = machine_.memory.loaded_latency.value;
  if (begin_ahead_ && few_under_way_ && latency > 0) {
    const double rate = kBytesUnderWay * 1e-3 / latency;
    cost.ahead_slowness = std::max(1.0, port_limit(key) / rate);
  }
  cost.early = 0;
  cost.ahead = 0;
  cost.preload = std::min(cost.preload, warps * stages * page_bytes_);
  cost.hold = to_picoseconds(machine_.shared_memory.hold.value);
  cost.work_off = work_off_of(cost, key);
}

// What shared-memory pages leave room for (MPK paper, 5.3).
void Costs::limit_loads_ahead(BodyCost& cost, const TaskClass& amounts) const {
  if (cost.route == Route::kLink) return;
  const std::int64_t room = page_bytes_ * pages_;
  cost.preload =
      std::min({amounts.preload_bytes, cost.bytes - cost.kv_bytes, cost.tile_bytes, room});
  if (cost.tiles > 1)
    cost.ahead = std::clamp<std::int64_t>(room - cost.tile_bytes, 0, cost.tile_bytes);
  constexpr std::uint16_t kAtTheEnd = 255;
  const auto& release = amounts.page_release_step;
  const auto kept = std::count(release.begin(), release.end(), kAtTheEnd);
  if (!release.empty()) cost.early = page_bytes_ * std::max<std::int64_t>(0, pages_ - kept);
}

std::int64_t new_pages(const TaskGraph& graph, const IterationState& state) {
  for (const Operator& op : graph.operators()) {
    const auto* attention = std::get_if<AttentionParams>(&op.params);
    if (attention == nullptr) continue;
    const std::int64_t page = attention->page_positions;
    std::int64_t pages = 0;
    if (page == 0) return 0;
    for (const RequestState& request : state.requests) {
      const std::int64_t before = request.context_before;
      pages += (before + request.new_tokens + page - 1) / page - (before + page - 1) / page;
    }
    return pages;  // all layers share one page table
  }
  return 0;
}

std::vector<double> sm_factors(const Machine& machine, std::uint32_t workers,
                               std::uint32_t per_device, std::uint64_t seed, bool sm_spread) {
  std::vector<double> factors(workers, 1.0);
  if (!sm_spread) return factors;
  const LogNormal drawn(machine.sm_spread.value);
  const RandomStream stream(seed, 0, kSmDraws);
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    const std::uint32_t sm = worker % per_device;
    factors[worker] = sm < machine.sm_factor.size() ? machine.sm_factor[sm].value
                                                    : drawn.factor(stream.bits(worker));
  }
  return factors;
}

}  // namespace mk::simulator
