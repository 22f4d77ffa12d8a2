#include "gpu_backend/cuda/microbench/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "gpu_backend/cuda/microbench/body_fit.h"
#include "gpu_backend/cuda/microbench/port_fit.h"

namespace mk::cuda {
namespace {

// A value with its spread, and how it was made from primitives.
struct Derived {
  double value = 0;
  double spread = 0;
  std::string how{};
};

class MachineMaker {
 public:
  MachineMaker(Machine machine, const DeviceFacts& facts, const std::vector<Primitive>& primitives)
      : m_(std::move(machine)), facts_(facts), primitives_(primitives) {}

  Machine make() && {
    set_device();
    set_ports();
    set_memory();
    set_protocol();
    set_launches();
    set_linear_bodies();
    set_other_bodies();
    set_link();
    return std::move(m_);
  }

 private:
  std::optional<Derived> get(std::string_view name) const {
    const auto found = std::ranges::find(primitives_, name, &Primitive::name);
    if (found == primitives_.end()) return std::nullopt;
    return Derived{found->value, found->spread, std::string(name)};
  }
  double value_or(std::string_view name, double otherwise) const {
    const std::optional<Derived> found = get(name);
    return found ? found->value : otherwise;
  }

  std::string source(std::string_view how) const {
    return fmt::format("microbench {} {}: {}", facts_.measured_on, facts_.name, how);
  }

  // The range is one standard deviation to each side.
  void set(Number& number, const std::optional<Derived>& measured) const {
    if (!measured) return;
    const double width = measured->value * std::min(measured->spread, 0.99);
    number = {measured->value, measured->value - width, measured->value + width,
              source(measured->how)};
  }
  void set(Number& number, double value, std::string_view how) const {
    number = {value, value, value, source(how)};
  }
  void set(Latency& latency, const std::optional<Derived>& measured) const {
    if (!measured) return;
    set(latency.typical, measured);
    set(latency.spread, std::min(measured->spread, 2.0), measured->how + ", its spread");
  }

  // The sum of `first` and factor x primitive of each of `more`, in turn never below 0; none iff
  // one is missing.
  std::optional<Derived> combine(
      std::string_view first,
      std::initializer_list<std::pair<double, std::string_view>> more) const {
    std::optional<Derived> sum = get(first);
    for (const auto& [factor, name] : more) {
      const std::optional<Derived> other = get(name);
      if (!sum || !other) return std::nullopt;
      sum->value = std::max(0.0, sum->value + factor * other->value);
      const std::string times =
          std::abs(factor) == 1 ? std::string() : fmt::format("{:g} x ", std::abs(factor));
      sum->how += fmt::format(" {} {}{}", factor < 0 ? '-' : '+', times, name);
    }
    return sum;
  }

  void set_device() {
    m_.name += "-measured";
    m_.title = facts_.name;
    set(m_.sms, facts_.sms, "the device's attributes");
    set(m_.clock, get("sm_clock"));
    set(m_.sm_spread, get("sm_spread"));
    if (m_.default_workers.value > facts_.sms - 4.0) {
      set(m_.default_workers, facts_.sms - 4.0, "all SMs but four");
      set(m_.default_schedulers, 16, "four SMs of four warps");
    }
    set(m_.shared_memory.page_bytes, facts_.chunk_bytes, "a chunk of a warp's ring");
    set(m_.shared_memory.pages, facts_.chunks, "chunks of all warps' rings");
  }

  void set_memory() {
    MemoryNumbers& memory = m_.memory;
    set(memory.capacity, facts_.memory_bytes, "the device's attributes");
    set(memory.l2_capacity, facts_.l2_bytes, "the device's attributes");
    set(memory.latency, get("memory_latency"));
    set(memory.l2_near, get("l2_near"));
    set(memory.l2_far, get("l2_far"));
    set(memory.l2_bandwidth, get("l2_bandwidth"));
    set_curve();
    set_loaded_latency();
  }

  // Which SMs share a port, and how far that decides who gets what of a full memory.
  void set_ports() {
    std::vector<Number> ports(facts_.sms);
    for (std::uint32_t i = 0; i < facts_.sms; ++i) {
      const auto port = get(fmt::format("sm_port_{}", i));
      if (!port) return;
      set(ports[i], port->value, port->how);
    }
    m_.sm_port = std::move(ports);
    std::vector<CrowdedRates> measured;
    for (std::uint32_t n = 2; n <= facts_.sms; ++n) {
      CrowdedRates rates{crowded(n)};
      for (std::uint32_t k = 0; k <= std::ranges::max(rates.streams.ports); ++k) {
        rates.rates.push_back(value_or(fmt::format("bodies_rate_{}_crowd_{}", n, k), 0));
      }
      measured.push_back(std::move(rates));
    }
    if (const auto contention = fit_port_contention(measured)) {
      set(m_.port_contention, *contention, "fitted to bodies_rate_*_crowd_*");
    }
  }

  // The bodies of `active` workers that stream at once.
  CrowdedStreams crowded(std::uint32_t active) const {
    std::vector<std::uint32_t> ports;
    for (std::uint32_t i = 0; i < active; ++i) {
      const std::uint32_t port = m_.port_of(i);
      if (port >= ports.size()) ports.resize(port + 1, 0);
      ++ports[port];
    }
    return {std::move(ports), value_or("bodies_bandwidth_1", 0)};
  }

  void set_curve() {
    // Of N workers, where a microbench has measured that: blocks that lie as theirs do.
    const char* const reader =
        get(fmt::format("stream_bandwidth_{}", facts_.sms)) ? "stream" : "read";
    std::vector<BandwidthPoint> curve;
    for (std::uint32_t active = 1; active <= facts_.sms; ++active) {
      auto measured = by_bodies(active);
      if (!measured) measured = get(fmt::format("{}_bandwidth_{}", reader, active));
      if (!measured) continue;
      BandwidthPoint point;
      set(point.active, active, measured->how);
      set(point.bytes_in_flight, 0, "as many as it takes");
      set(point.bandwidth, measured);
      curve.push_back(point);
    }
    if (!curve.empty()) m_.memory.curve = std::move(curve);
  }

  // What the memory offers N bodies, by what they get of it, where that is what limits them. None:
  // not measured, or they get what they can take.
  std::optional<Derived> by_bodies(std::uint32_t active) const {
    constexpr double kNearlyAll = 0.95;
    const auto together = get(fmt::format("bodies_bandwidth_{}", active));
    const double demanded = active * value_or("bodies_bandwidth_1", 0);
    if (!together || active == 1 || together->value >= kNearlyAll * demanded) return std::nullopt;
    Derived offered = *together;
    if (m_.port_contention.value > 0) {
      offered.value =
          offered_to(crowded(active), together->value / active, m_.port_contention.value);
      offered.how += ", of the slowest port";
    } else {
      offered.value = offered_if(demanded, together->value);
    }
    offered.how += fmt::format(" of {} x bodies_bandwidth_1", active);
    return offered;
  }

  // The latency that explains best what all SMs reach with few bytes in flight each.
  void set_loaded_latency() {
    const double best = value_or(fmt::format("read_bandwidth_{}", facts_.sms), 0);
    std::vector<std::pair<double, double>> points;  // GB at once, GB/s
    for (const std::uint32_t kib : {8U, 16U, 24U, 32U, 48U, 64U}) {
      const auto measured = get(fmt::format("read_bandwidth_all_{}kib", kib));
      if (measured) points.emplace_back(facts_.sms * kib * 1024e-9, measured->value);
    }
    if (best <= 0 || points.empty()) return;
    double least = 0;
    double fitted = 0;
    for (double us = 0.2; us < 4; us *= 1.005) {
      double error = 0;
      for (const auto& [bytes, bandwidth] : points) {
        error += std::pow(std::log(smooth_minimum(bytes / (us * 1e-6), best) / bandwidth), 2);
      }
      if (fitted == 0 || error < least) {
        least = error;
        fitted = us;
      }
    }
    set(m_.memory.loaded_latency, fitted, "fitted to read_bandwidth_all_*kib");
  }

  void set_protocol() {
    ProtocolNumbers& p = m_.protocol;
    set(p.notify, combine("notify_after_stores", {{-0.5, "l2_latency"}}));
    set(p.observe, get("l2_latency"));
    const auto alone = get("add_1");
    const auto crowd = get(fmt::format("add_{}", facts_.sms));
    if (alone && crowd && facts_.sms > 1) {
      set(p.contention, std::max(0.0, crowd->value - alone->value) / (facts_.sms - 1),
          fmt::format("({} - add_1) / {}", crowd->how, facts_.sms - 1));
    }
    set(p.poll_interval, get("poll_turn_sleep_20"));
    set(p.fetch, get("queue_take"));
    if (get("queue_take")) set(p.fetch_batch, 1, "queue_take is a time an item");
    set(p.dispatch, combine("task_word", {{0.5, "mailbox_round"}, {1, "descriptor"}}));
    set_static_hop();
    set(p.activate, get("event_push_1"));
    set(p.dequeue, combine("event_hand_off", {{-1, "event_push_1"}, {1, "task_word"}}));
    set(p.enqueue, get("queue_put"));
    set(p.scheduler_poll,
        combine("queue_empty", {{1, "poll_turn_sleep_20"}, {-1, "poll_turn_sleep_0"}}));
    set(m_.boundary.base, get(fmt::format("boundary_static_{}w0s", facts_.sms)));
    set_dispatching();
  }

  // What empty tasks take from one to the next beyond what the simulator has for a notification and
  // for the poll that sees it, on the way to the body and back; and what a layer of them takes more
  // than one: arrivals that are served one after the other, 132 of them in 0.8 us on an H100, which
  // adds in a loop do not show (add_132 - add_1 is nothing there).
  void set_static_hop() {
    const auto hop = get(fmt::format("hop_static_{}w0s", facts_.sms));
    const auto barrier = get(fmt::format("barrier_static_{}w0s", facts_.sms));
    ProtocolNumbers& p = m_.protocol;
    if (hop) {
      const double observe = p.observe.typical.value;
      const double seen = observe + (observe + p.poll_interval.value) / 2;
      set(p.dispatch.typical, std::max(0.0, hop->value - p.notify.typical.value - seen),
          hop->how + " - notify - observe - half a poll's turn");
    }
    if (hop && barrier && facts_.sms > 1) {
      set(p.contention, std::max(0.0, barrier->value - hop->value) / (facts_.sms - 1),
          fmt::format("({} - {}) / {}", barrier->how, hop->how, facts_.sms - 1));
    }
  }

  // What an event's way through a scheduler costs in the megakernel itself, where a step is a chain
  // of loads that miss: far more than the same rings alone in a loop. From
  // runs of empty tasks (runs.cpp). A barrier's layer is one event for all workers: beyond the hop
  // of a single task it costs a push for each further scheduler, and each scheduler a store for
  // each further worker; with no schedulers, the last arriver a push for each further worker.
  void set_dispatching() {
    const auto run = [&](std::string_view what, std::uint32_t workers, std::uint32_t schedulers) {
      return get(fmt::format("{}_{}w{}s", what, workers, schedulers));
    };
    const std::uint32_t sms = facts_.sms;
    if (sms < 8) return;
    const auto by_static = run("hop_static", sms, 0);
    const auto alone = run("hop_jit", sms, 0), alone_barrier = run("barrier_jit", sms, 0);
    const auto many = run("hop_jit", sms - 4, 16), many_barrier = run("barrier_jit", sms - 4, 16);
    const auto few = run("hop_jit", sms - 1, 4), few_barrier = run("barrier_jit", sms - 1, 4);
    if (!by_static || !alone || !alone_barrier || !many || !many_barrier || !few || !few_barrier)
      return;
    const double push = (alone_barrier->value - alone->value) / (sms - 1);
    // many: 15 pushes and `a` stores more than a hop; few: 3 pushes and `b` stores.
    const double a = std::ceil((sms - 4) / 16.0) - 1, b = std::ceil((sms - 1) / 4.0) - 1;
    const double of_many = many_barrier->value - many->value;
    const double of_few = few_barrier->value - few->value;
    const double store = (5 * of_few - of_many) / (5 * b - a);
    if (store <= 0 || push <= 0) return;
    ProtocolNumbers& p = m_.protocol;
    const std::string split = fmt::format("{}w16s and {}w4s", sms - 4, sms - 1);
    // Rings order no memory (ring.h), so that to publish is one more plain store.
    set(p.publish, value_or("queue_put", 0), "queue_put");
    set(p.publish_batch, 8, "kPublishBatch of gpu_backend/protocol");
    set(p.scheduler_lanes, 32, "gpu_backend/cuda/warp_team.cuh");
    set(p.enqueue.typical, store, fmt::format("a store of barrier_jit - hop_jit at {}", split));
    set_stores_of_begin();
    set_broadcast(std::max(0.0, (of_many - a * store) / 15), split);
    set(p.activate.typical, push,
        fmt::format("(barrier_jit - hop_jit) / {} at {}w0s", sms - 1, sms));
    set(p.fetch.typical, std::max(0.0, alone->value - by_static->value - push),
        fmt::format("hop_jit at {0}w0s - hop_static at {0}w0s - activate", sms));
    set_batch();
    set(p.dequeue.typical,
        std::max(0.0, many->value - alone->value - store - p.scheduler_poll.value / 2),
        fmt::format("hop_jit at {}w16s - hop_jit at {}w0s - a store - half a scheduler_poll",
                    sms - 4, sms));
  }

  // A static worker reads its list while bodies run. What a worker of a queue needs longer for one
  // empty task after the other is its share of a fetch; that it takes 16 (kFetchBatch) says less.
  void set_batch() {
    const double sms = facts_.sms;
    const auto of_list = get(fmt::format("empty_task_static_{}w0s", facts_.sms));
    const auto of_queue = get(fmt::format("empty_task_aot_{}w16s", facts_.sms - 4));
    ProtocolNumbers& p = m_.protocol;
    set(p.static_batch, p.queue_capacity.value, "read ahead (gpu_backend/protocol/worker.h)");
    set(p.fetch_batch, 16, "kFetchBatch of gpu_backend/protocol");
    if (!of_list || !of_queue) return;
    const double more = of_queue->value * (sms - 4) - of_list->value * sms;
    if (more <= 0) return;
    set(p.fetch_batch, std::clamp(std::floor(p.fetch.typical.value / more), 1.0, 16.0),
        fmt::format("fetch / ({} x {} - {} x {})", of_queue->how, sms - 4, of_list->how, sms));
  }

  // A lane that stores a task at `begin` reads its list's bounds, then the entry, and looks at the
  // queue's producer, each of which it has to wait for (agent.h, enqueue_aot): where it was not
  // measured, three reads and a store.
  void set_stores_of_begin() {
    const auto measured = get("begin_store");
    const auto one = measured ? measured : combine("queue_put", {{3, "l2_latency"}});
    if (one) set(m_.protocol.enqueue_aot, one->value, one->how);
  }

  // What a scheduler more costs an event for all of them: whether it has to do for it is worked out
  // for one after the other, and the pushes overlap eight at a time (kPushWidth of ring.h).
  void set_broadcast(double each, std::string_view split) {
    constexpr double kOverlap = 8;
    const double push = std::min(each, value_or("event_push_1", 0) / kOverlap);
    set(m_.protocol.broadcast_push, push, "event_push_1 / 8");
    set(m_.protocol.broadcast_look, each - push,
        fmt::format("{:.3g} us a scheduler, of barrier_jit - hop_jit at {}, less broadcast_push",
                    each, split));
  }

  void set_launches() {
    LaunchNumbers& launch = m_.launch;
    set(launch.stream, get("launch_stream"));
    set(launch.graph, get("launch_graph"));
    set(launch.pdl, get("launch_pdl"));
    set(launch.graph_launch, get("launch_graph_to_graph"));
    set(launch.kernel_fill, get("kernel_fill"));
    if (get("launch_stream")) set(launch.kernel_drain, 0, "part of the gaps that were measured");
  }

  std::vector<LinearTotal> linear_totals() const {
    std::vector<LinearTotal> totals;
    for (const std::uint32_t in : kFittedWidths) {
      for (const std::uint32_t kib : kFittedKib) {
        const auto us = get(fmt::format("body_linear_{}x{}kib", in, kib));
        if (us && us->value > 0) totals.push_back({in, kib, us->value});
      }
    }
    const auto tile = get("body_linear_total");
    if (tile && tile->value > 0) totals.push_back({kTileIn, kTileKib, tile->value});
    return totals;
  }

  // One loop streams and multiplies for all of them, so one fit; kinds differ in how they read
  // their input, which is what their tile takes beyond that fit.
  void set_by_totals() {
    const auto fit = fit_linear_body(linear_totals(), static_cast<std::uint32_t>(facts_.warps),
                                     static_cast<std::uint32_t>(facts_.chunk_bytes));
    if (!fit) return;
    const std::string how = "fitted to body_linear_total and body_linear_*kib";
    for (const TaskKind kind : {TaskKind::kLinear, TaskKind::kNormLinear, TaskKind::kSiluLinear}) {
      BodyNumbers& body = m_.bodies[index_of(kind)];
      set(body.port_limit, fit->rate, how);
      set(body.pair_limit, fit->pair_rate, how + ", where a chunk holds two rows");
      set(body.row_limit, fit->row_rate, how + ", where a chunk holds one row");
      set(body.row_time, fit->row_time, how);
      set(body.enough_warps, fit->enough_warps, how);
      set(body.per_activation, fit->per_input, how);
      if (kind == TaskKind::kSiluLinear) set_gated_input(body, *fit);
      const std::string name = fmt::format("body_{}_total", name_of(kind));
      const std::uint32_t in = kind == TaskKind::kSiluLinear ? kSiluIn : kTileIn;
      const auto beyond = beyond_stream(body, *fit, name, in, kTileKib);
      if (!beyond) continue;
      const double input = input_kib(kind, in) * body.per_activation.value;
      set(body.fixed, std::max(0.0, *beyond - input),
          name + " - start_up, stream, input and epilogue");
    }
  }

  static double input_kib(TaskKind kind, std::uint32_t in) {
    return (kind == TaskKind::kSiluLinear ? 2 : 1) * 4.0 * in / 1024;
  }

  // Of a body alone what its stream, its start and its end do not explain.
  std::optional<double> beyond_stream(const BodyNumbers& body, const LinearBodyFit& fit,
                                      const std::string& name, std::uint32_t in,
                                      std::uint32_t kib) const {
    const auto total = get(name);
    if (!total) return std::nullopt;
    return total->value - body.start_up.value - body.epilogue.value -
           stream_us(fit, {in, kib, total->value}, static_cast<std::uint32_t>(facts_.warps),
                     static_cast<std::uint32_t>(facts_.chunk_bytes));
  }

  // Gating costs more a KiB than to read it, and less of it shows beside the stream. Two sizes
  // alone leave open how much of that is constant (0.005 to 0.02 us a KiB, where a plain input
  // takes 0.06): a plain body of the same size, beside a gated one, does not.
  void set_gated_input(BodyNumbers& body, const LinearBodyFit& fit) {
    const auto of_all = [&](TaskKind kind) {
      return get(fmt::format("bodies_{}_{}x{}kib", name_of(kind), kWideIn, kWideKib));
    };
    const auto plain = of_all(TaskKind::kLinear), gated = of_all(TaskKind::kSiluLinear);
    if (plain && gated) {
      const double plain_input = input_kib(TaskKind::kLinear, kWideIn) * body.per_activation.value;
      set(body.per_activation,
          std::max(0.0, gated->value - plain->value + plain_input) /
              input_kib(TaskKind::kSiluLinear, kWideIn),
          fmt::format("{} - {}, and the latter's input", gated->how, plain->how));
      return;
    }
    const std::string small = "body_silu_linear_total";
    const std::string large = fmt::format("body_silu_linear_{}x{}kib", kLongSiluIn, kLongSiluKib);
    const auto of_small = beyond_stream(body, fit, small, kSiluIn, kTileKib);
    const auto of_large = beyond_stream(body, fit, large, kLongSiluIn, kLongSiluKib);
    if (!of_small || !of_large) return;
    const double more = input_kib(TaskKind::kSiluLinear, kLongSiluIn - kSiluIn);
    set(body.per_activation, std::max(0.0, (*of_large - *of_small) / more),
        fmt::format("{} - {}, but for their streams", large, small));
  }

  // Bodies that stream weights through the rings.
  void set_linear_bodies() {
    const auto start_up = get("copy_latency_4096");
    for (const TaskKind kind : {TaskKind::kLinear, TaskKind::kNormLinear, TaskKind::kSiluLinear,
                                TaskKind::kExpertLinear}) {
      BodyNumbers& body = m_.bodies[index_of(kind)];
      const std::string prefix = fmt::format("body_{}_", name_of(kind));
      if (!get(prefix + "rate")) continue;
      set(body.bytes_in_flight, facts_.chunk_bytes * facts_.chunks, "chunks of all warps' rings");
      if (kind != TaskKind::kExpertLinear) set(body.warps, facts_.warps, "warps of a block");
      set(body.start_up, start_up);
      set(body.fixed, combine(prefix + "start_up", {{-1, "copy_latency_4096"}}));
      set(body.port_limit, get(prefix + "rate"));
      set(body.epilogue, get(prefix + "epilogue"));
      set(body.per_activation, get(prefix + "per_activation"));
      // Of a task as long as they are: of a short one the spread is an SM's distance, above all.
      set_spread(body, kind != TaskKind::kExpertLinear && get(kTypical) ? std::string(kTypical)
                                                                        : prefix + "total");
      set_flops(body);
      set(body.kernel_blocks_per_sm, facts_.kernel_blocks_per_sm, "occupancy");
    }
    set_by_totals();
  }

  void set_flops(BodyNumbers& body) {
    const auto rate = get("body_linear_gflops_16_tokens");
    if (rate && m_.clock.value > 0) {
      set(body.flops_per_cycle, rate->value / m_.clock.value,
          "body_linear_gflops_16_tokens / sm_clock");
    }
  }

  // Of a body alone: what SMs that stream at once take from each other is the simulator's to share,
  // and as noise of each body it would be counted twice, and by every barrier at its worst.
  void set_spread(BodyNumbers& body, const std::string& primitive) {
    if (const auto total = get(primitive)) {
      set(body.spread, std::min(total->spread, 2.0), primitive + ", its spread");
    }
  }

  void set_other_bodies() {
    BodyNumbers& attention = m_.bodies[index_of(TaskKind::kAttention)];
    set(attention.fixed, get("body_attention_fixed"));
    set(attention.port_limit, get("body_attention_rate"));
    set_spread(attention, "body_attention_context_256");
    if (get("body_attention_fixed")) {
      set(attention.start_up, 0, "part of fixed");
      set(attention.epilogue, 0, "part of fixed");
    }
    for (const TaskKind kind :
         {TaskKind::kRmsNorm, TaskKind::kSiluMul, TaskKind::kArgmaxPartial, TaskKind::kArgmaxReduce,
          TaskKind::kEmbedding, TaskKind::kTopkSoftmax, TaskKind::kExpertSiluMul,
          TaskKind::kWeightedSum, TaskKind::kAttentionMerge}) {
      BodyNumbers& body = m_.bodies[index_of(kind)];
      const std::string prefix = fmt::format("body_{}_", name_of(kind));
      if (!get(prefix + "fixed")) continue;
      set(body.fixed, get(prefix + "fixed"));
      set(body.per_activation, get(prefix + "per_activation"));
      set(body.start_up, 0, "part of fixed");
      set(body.epilogue, 0, "part of fixed");
      set(body.kernel_blocks_per_sm, facts_.kernel_blocks_per_sm, "occupancy");
    }
  }

  void set_link() {
    set(m_.link.put, get("peer_put_256"));
    set(m_.link.bandwidth, get(fmt::format("peer_write_bandwidth_{}", facts_.sms)));
  }

  // The tiles of body_KIND_total (bodies.cpp): columns, and KiB of weights.
  static constexpr std::string_view kTypical = "body_linear_2048x512kib";
  static constexpr std::uint32_t kTileIn = 1024;
  static constexpr std::uint32_t kSiluIn = 3072;
  static constexpr std::uint32_t kTileKib = 256;

  Machine m_;
  const DeviceFacts& facts_;
  const std::vector<Primitive>& primitives_;
};

}  // namespace

DeviceFacts facts_of_machine(const Machine& measured) {
  const BodyNumbers& body = measured.body(TaskKind::kLinear);
  DeviceFacts facts;
  facts.name = measured.title;
  std::istringstream words(measured.clock.source);  // "microbench DATE NAME: sm_clock"
  words >> facts.measured_on >> facts.measured_on;
  facts.sms = static_cast<std::uint32_t>(measured.sms.value);
  facts.memory_bytes = measured.memory.capacity.value;
  facts.l2_bytes = measured.memory.l2_capacity.value;
  facts.chunk_bytes = measured.shared_memory.page_bytes.value;
  facts.chunks = measured.shared_memory.pages.value;
  facts.warps = body.warps.value;
  facts.kernel_blocks_per_sm = body.kernel_blocks_per_sm.value;
  return facts;
}

std::string_view base_machine(std::string_view device_name) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"H100", "h100-sxm"}, {"H200", "h200"}, {"A100", "a100-80"}, {"B200", "b200"},
      {"H20", "h20"},       {"L4", "l4"},     {"4090", "rtx-4090"}};
  for (const auto& [part, name] : kNames) {
    if (device_name.find(part) != std::string_view::npos) return name;
  }
  return "h100-sxm";
}

Machine device_machine(Machine base, const DeviceFacts& facts,
                       const std::vector<Primitive>& primitives) {
  return MachineMaker(std::move(base), facts, primitives).make();
}

}  // namespace mk::cuda
