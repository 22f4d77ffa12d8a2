// The one walk over a machine's numbers.
#include <fmt/format.h>

#include "core/machine.h"

namespace mk {
namespace {

using Visit = std::function<void(const NumberFacts&, Number&)>;

constexpr std::string_view kMicroseconds = "us";
constexpr std::string_view kBandwidth = "GB/s";
constexpr std::string_view kBytes = "bytes";

struct Limits {
  double minimum = 0;
  bool exclusive = false;
  double maximum = std::numeric_limits<double>::infinity();
};
constexpr Limits kPositive{0, true};
constexpr Limits kShare{0, true, 1};
constexpr double kMostPorts = 64;

class Walk {
 public:
  explicit Walk(const Visit& visit) : visit_(visit) {}

  void machine(Machine& m);

 private:
  void number(std::string_view name, Number& n, std::string_view unit, Limits limits = {}) {
    NumberFacts facts;
    facts.path.append(prefix_).append(name);
    facts.unit = unit;
    facts.minimum = limits.minimum;
    facts.exclusive = limits.exclusive;
    facts.maximum = limits.maximum;
    visit_(facts, n);
  }

  void optional_number(std::string_view name, Number& n, std::string_view unit,
                       double maximum = std::numeric_limits<double>::infinity()) {
    NumberFacts facts;
    facts.path.append(prefix_).append(name);
    facts.unit = unit;
    facts.maximum = maximum;
    facts.is_optional = true;
    visit_(facts, n);
  }

  template <typename Body>
  void group(const std::string& name, Body&& body) {
    const std::size_t length = prefix_.size();
    prefix_ += name + ".";
    body();
    prefix_.resize(length);
  }

  void latency(const std::string& name, Latency& l) {
    group(name, [&] {
      number("typical", l.typical, kMicroseconds);
      number("spread", l.spread, "", {0, false, 2});
    });
  }

  void body(BodyNumbers& b);
  void memory(MemoryNumbers& m);
  void protocol(ProtocolNumbers& p);
  void boundary(BoundaryNumbers& b);
  void launch(LaunchNumbers& l);

  const Visit& visit_;
  std::string prefix_{};
};

void Walk::body(BodyNumbers& b) {
  number("bytes_in_flight", b.bytes_in_flight, kBytes, kPositive);
  number("port_limit", b.port_limit, kBandwidth, kPositive);
  number("start_up", b.start_up, kMicroseconds);
  number("epilogue", b.epilogue, kMicroseconds);
  number("fixed", b.fixed, kMicroseconds);
  number("per_activation", b.per_activation, kMicroseconds);
  number("flops_per_cycle", b.flops_per_cycle, "", kPositive);
  number("tile_bytes", b.tile_bytes, kBytes);
  optional_number("warps", b.warps, "");
  optional_number("enough_warps", b.enough_warps, "");
  optional_number("pair_limit", b.pair_limit, kBandwidth);
  optional_number("row_limit", b.row_limit, kBandwidth);
  optional_number("row_time", b.row_time, kMicroseconds);
  number("spread", b.spread, "", {0, false, 0.5});
  number("kernel_bandwidth_share", b.kernel_bandwidth_share, "", kShare);
  number("kernel_blocks_per_sm", b.kernel_blocks_per_sm, "", {1});
}

void Walk::memory(MemoryNumbers& m) {
  for (std::size_t i = 0; i < m.curve.size(); ++i) {
    group(fmt::format("curve.{}", i), [&] {
      number("active", m.curve[i].active, "", kPositive);
      number("bytes_in_flight", m.curve[i].bytes_in_flight, kBytes);
      number("bandwidth", m.curve[i].bandwidth, kBandwidth, kPositive);
    });
  }
  number("spec_bandwidth", m.spec_bandwidth, kBandwidth, kPositive);
  number("capacity", m.capacity, kBytes, kPositive);
  number("latency", m.latency, kMicroseconds);
  number("loaded_latency", m.loaded_latency, kMicroseconds, kPositive);
  number("l2_capacity", m.l2_capacity, kBytes);
  number("l2_bandwidth", m.l2_bandwidth, kBandwidth, kPositive);
  number("l2_near", m.l2_near, kMicroseconds);
  number("l2_far", m.l2_far, kMicroseconds);
}

void Walk::protocol(ProtocolNumbers& p) {
  latency("notify", p.notify);
  number("contention", p.contention, kMicroseconds);
  latency("observe", p.observe);
  number("poll_interval", p.poll_interval, kMicroseconds);
  latency("fetch", p.fetch);
  number("fetch_batch", p.fetch_batch, "", {1});
  latency("dispatch", p.dispatch);
  latency("activate", p.activate);
  latency("dequeue", p.dequeue);
  latency("enqueue", p.enqueue);
  number("scheduler_poll", p.scheduler_poll, kMicroseconds);
  number("queue_capacity", p.queue_capacity, "", {1});
  number("peer_notify_factor", p.peer_notify_factor, "", {1});
  number("peer_observe_factor", p.peer_observe_factor, "", {1});
  number("event_queue_capacity", p.event_queue_capacity, "", {1});
  optional_number("publish", p.publish, kMicroseconds);
  optional_number("publish_batch", p.publish_batch, "");
  optional_number("scheduler_lanes", p.scheduler_lanes, "");
  optional_number("broadcast_push", p.broadcast_push, kMicroseconds);
  optional_number("broadcast_look", p.broadcast_look, kMicroseconds);
  optional_number("enqueue_aot", p.enqueue_aot, kMicroseconds);
  optional_number("static_batch", p.static_batch, "");
}

void Walk::boundary(BoundaryNumbers& b) {
  latency("base", b.base);
  number("per_request", b.per_request, kMicroseconds);
  number("per_page", b.per_page, kMicroseconds);
  number("per_token", b.per_token, kMicroseconds);
}

void Walk::launch(LaunchNumbers& l) {
  latency("eager", l.eager);
  latency("stream", l.stream);
  latency("graph", l.graph);
  latency("pdl", l.pdl);
  latency("graph_launch", l.graph_launch);
  number("kernel_fill", l.kernel_fill, kMicroseconds);
  number("kernel_drain", l.kernel_drain, kMicroseconds);
}

void Walk::machine(Machine& m) {
  number("sms", m.sms, "", {1});
  number("clock", m.clock, "GHz", kPositive);
  number("default_workers", m.default_workers, "", {1});
  number("default_schedulers", m.default_schedulers, "");
  number("schedulers_per_sm", m.schedulers_per_sm, "", {1});
  number("devices", m.devices, "", {1, false, 255});
  number("gpc_sms", m.gpc_sms, "");
  number("gpc_bandwidth", m.gpc_bandwidth, kBandwidth);
  for (std::size_t i = 0; i < m.sm_port.size(); ++i) {
    number(fmt::format("sm_port.{}", i), m.sm_port[i], "", {0, false, kMostPorts - 1});
  }
  optional_number("port_contention", m.port_contention, "", 1);
  for (std::size_t i = 0; i < m.sm_factor.size(); ++i) {
    number(fmt::format("sm_factor.{}", i), m.sm_factor[i], "", kPositive);
  }
  number("sm_spread", m.sm_spread, "", {0, false, 0.5});
  group("memory", [&] { memory(m.memory); });
  group("protocol", [&] { protocol(m.protocol); });
  group("boundary", [&] { boundary(m.boundary); });
  group("launch", [&] { launch(m.launch); });
  group("shared_memory", [&] {
    number("page_bytes", m.shared_memory.page_bytes, kBytes);
    number("pages", m.shared_memory.pages, "");
    optional_number("hold", m.shared_memory.hold, kMicroseconds);
  });
  group("link", [&] {
    number("bandwidth", m.link.bandwidth, kBandwidth, kPositive);
    latency("put", m.link.put);
    group("all_reduce", [&] {
      optional_number("typical", m.link.all_reduce.typical, kMicroseconds);
      optional_number("spread", m.link.all_reduce.spread, "", 2);
    });
  });
  group("default_body", [&] { body(m.default_body); });
  for (const TaskKindFacts& kind : kTaskKinds) {
    group(fmt::format("bodies.{}", kind.name), [&] { body(m.bodies[index_of(kind.kind)]); });
  }
}

}  // namespace

void visit_numbers(Machine& machine, const Visit& visit) { Walk(visit).machine(machine); }

void visit_numbers(const Machine& machine,
                   const std::function<void(const NumberFacts&, const Number&)>& visit) {
  // The walk itself changes nothing: only its visitor could, and this one gets constants.
  const Visit constant = [&](const NumberFacts& facts, Number& number) { visit(facts, number); };
  Walk(constant).machine(const_cast<Machine&>(machine));
}

}  // namespace mk
