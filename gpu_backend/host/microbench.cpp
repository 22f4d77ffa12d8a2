#include "gpu_backend/host/microbench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/check.h"
#include "gpu_backend/host/microbench_bodies.h"
#include "gpu_backend/host/microbench_parts.h"
#include "gpu_backend/host/run_options.h"
#include "gpu_backend/protocol/worker.h"

namespace mk {
namespace {

using microbench::Samples;

constexpr std::uint64_t kAssumedCache = 32U << 20;
constexpr std::uint64_t kLeastCache = 1U << 20;  // smaller ones are not looked for
// A cycle, of a body the arithmetic of which is in its time a KiB: none of its own.
constexpr double kFlopsInActivations = 1e9;
constexpr double kCached = 0.6;  // of memory's latency; parts of a cache that is full lie between

std::uint64_t last_level_cache() {
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : kAssumedCache;
}

std::string split_name(std::string_view what, PolicyKind policy, Roles roles) {
  return fmt::format("{}_{}_{}w{}s", what, facts(policy).name, roles.workers, roles.schedulers);
}

class Bench {
 public:
  explicit Bench(const MicrobenchOptions& options)
      : options_(options),
        cores_(usable_cores()),
        repetitions_(std::max(3U, options.repetitions)) {}

  Status measure() {
    if (options_.bandwidth_only) {
      measure_bandwidth();
      return {};
    }
    measure_memory();
    measure_hand_offs();
    measure_queues();
    if (Status done = measure_bodies(); !done) return done;
    return measure_runs();
  }

  Microbenchmark result() && {
    Microbenchmark result;
    if (!options_.bandwidth_only) result.machine = host_machine(primitives_, cores_);
    result.primitives = std::move(primitives_);
    return result;
  }

 private:
  void announce(std::string_view name) const {
    if (options_.on_primitive) options_.on_primitive(name);
  }

  void add(std::string name, const char* unit, const Samples& samples) {
    primitives_.push_back(
        {std::move(name), microbench::median(samples), unit, microbench::relative_spread(samples)});
  }

  void measure_bandwidth() {
    for (std::uint32_t n = 1; n <= cores_; n = n == cores_ ? n + 1 : std::min(2 * n, cores_)) {
      const std::string name = fmt::format("read_bandwidth_{}", n);
      announce(name);
      add(name, "GB/s", microbench::read_bandwidth(n, options_.buffer_bytes, repetitions_));
    }
  }

  void measure_memory() {
    announce("clock");
    add("clock", "GHz", microbench::clock_ghz(repetitions_));
    measure_bandwidth();
    announce("memory_latency");
    const Samples from_memory = microbench::load_latency(options_.buffer_bytes, repetitions_);
    add("memory_latency", "us", from_memory);
    announce("cache_capacity");
    const Cache cache = find_cache(microbench::median(from_memory));
    add("cache_capacity", "bytes", {static_cast<double>(cache.bytes)});
    add("cache_latency", "us", cache.latency);
    announce("cache_bandwidth");
    add("cache_bandwidth", "GB/s", microbench::read_bandwidth(1, cache.bytes, repetitions_));
  }

  struct Cache {
    std::uint64_t bytes = 0;
    Samples latency{};
  };
  // The largest of a half, a quarter, ... of the last level cache in which loads are clearly faster
  // than from memory. A virtual machine is told the size of the whole cache, which it shares with
  // others: of 504 MiB on a Xeon, 126 were no faster than memory.
  Cache find_cache(double memory_latency) const {
    std::uint64_t bytes = std::min(last_level_cache(), options_.buffer_bytes);
    for (;;) {
      bytes /= 2;
      Samples latency = microbench::load_latency(bytes, repetitions_);
      if (bytes / 2 < kLeastCache || microbench::median(latency) < kCached * memory_latency) {
        return {bytes, std::move(latency)};
      }
    }
  }

  void measure_hand_offs() {
    announce("hand_off");
    add("add_own", "us", microbench::add_own(repetitions_));
    if (cores_ >= 2) {
      add("hand_off", "us", microbench::hand_off(false, repetitions_));
      add("hand_off_by_add", "us", microbench::hand_off(true, repetitions_));
      add("add_contended", "us", microbench::add_contended(repetitions_));
    }
    add("poll_turn", "us", microbench::poll_turn(repetitions_));
  }

  void measure_queues() {
    announce("queues");
    const microbench::QueueSamples queues = microbench::queues(repetitions_);
    add("queue_put", "us", queues.put);
    add("queue_take", "us", queues.take);
    add("event_put", "us", queues.event_put);
  }

  Status measure_bodies() {
    const auto announced = [this](std::string_view name) { announce(name); };
    Result<std::vector<microbench::BodyFigure>> bodies =
        microbench::bodies(options_.buffer_bytes / 4, repetitions_, announced);
    if (!bodies) return tl::unexpected(with_context("task bodies", bodies.error()));
    for (microbench::BodyFigure& figure : *bodies) {
      add(std::move(figure.name), figure.unit, figure.samples);
    }
    return {};
  }

  Status measure_runs() {
    const Roles alone{1, 0};
    for (const PolicyKind policy :
         {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid, PolicyKind::kStatic}) {
      if (Status done = measure_run(policy, alone); !done) return done;
      if (cores_ < 2) continue;
      const Roles pair = policy == PolicyKind::kStatic ? Roles{2, 0} : Roles{1, 1};
      if (Status done = measure_run(policy, pair); !done) return done;
    }
    return {};
  }

  Status measure_run(PolicyKind policy, Roles roles) {
    const std::string task = split_name("empty_task", policy, roles);
    announce(task);
    const Result<Samples> empty = microbench::empty_task(policy, roles, repetitions_);
    if (!empty) return tl::unexpected(with_context(task, empty.error()));
    add(task, "us", *empty);
    const std::string boundary = split_name("boundary", policy, roles);
    const Result<Samples> gaps = microbench::iteration_boundary(policy, roles);
    if (!gaps) return tl::unexpected(with_context(boundary, gaps.error()));
    add(boundary, "us", *gaps);
    return {};
  }

  const MicrobenchOptions& options_;
  std::uint32_t cores_;
  std::uint32_t repetitions_;
  std::vector<Primitive> primitives_{};
};

// Turns primitives into a machine's numbers, each with the primitive's name as its source.
class MachineMaker {
 public:
  MachineMaker(const std::vector<Primitive>& primitives, std::uint32_t cores)
      : primitives_(primitives), cores_(cores) {}

  Machine make() const {
    Machine m;
    m.name = "host";
    m.title = fmt::format("this host, {} cores", cores_);
    m.kind = MachineKind::kHost;
    m.sms = system(cores_);
    m.clock = measured("clock");
    m.default_workers = derived(std::max(1U, cores_ - 1), "one core is the scheduler's");
    m.default_schedulers = derived(cores_ > 1 ? 1 : 0, "one core is the scheduler's");
    m.schedulers_per_sm = derived(1, "a scheduler is a thread");
    m.devices = system(1);
    m.gpc_sms = none();
    m.gpc_bandwidth = none();
    m.sm_spread = assumed(0, "cores are alike");
    m.memory = memory();
    m.protocol = protocol();
    m.boundary = boundary();
    m.launch = {no_latency(), no_latency(), no_latency(), no_latency(),
                no_latency(), none(),       none()};
    // A host's worker asks for weights ahead in the turns of a wait only. The simulator's preload
    // would also use each gap between two bodies, which makes small tasks 5 - 10 % too fast.
    m.shared_memory = {none(), none()};
    m.link = {assumed(1, "hosts have no link"), no_latency()};
    m.default_body = body();
    m.bodies.fill(m.default_body);
    for (const TaskKindFacts& kind : kTaskKinds) {
      set_constants(m.bodies[index_of(kind.kind)], kind);
      set_arithmetic(m.bodies[index_of(kind.kind)], kind);
    }
    return m;
  }

 private:
  static Number number(double value, std::string source) {
    return {value, value, value, std::move(source)};
  }
  static Number derived(double value, std::string_view why) {
    return number(value, fmt::format("derived: {}", why));
  }
  static Number assumed(double value, std::string_view why) {
    return number(value, fmt::format("assumed: {}", why));
  }
  static Number none() { return assumed(0, "hosts have none"); }
  static Latency no_latency() { return {none(), none()}; }
  static Number system(double value) { return number(value, "operating system"); }

  const Primitive* find(std::string_view name) const {
    const auto found = std::find_if(primitives_.begin(), primitives_.end(),
                                    [&](const Primitive& p) { return p.name == name; });
    return found == primitives_.end() ? nullptr : &*found;
  }
  double value(std::string_view name) const {
    const Primitive* found = find(name);
    MK_CHECK(found != nullptr, "the primitive was measured");
    return found->value;
  }

  // The range is one standard deviation to each side.
  Number measured(std::string_view name) const {
    const double v = value(name);
    const double width = v * std::min(find(name)->spread, 1.0);
    return {v, std::max(v - width, v * 1e-3), v + width, fmt::format("microbench {}", name)};
  }
  // Where there is one core only, nothing is handed off.
  Number between_cores(std::string_view name) const {
    return find(name) != nullptr ? measured(name) : assumed(0.05, "not measurable on one core");
  }
  Latency latency(Number typical, std::string_view primitive) const {
    const Primitive* found = find(primitive);
    const double spread = found == nullptr ? 0 : std::min(found->spread, 2.0);
    return {std::move(typical), number(spread, fmt::format("microbench {}", primitive))};
  }

  MemoryNumbers memory() const {
    MemoryNumbers m;
    double best = 0;
    for (const Primitive& p : primitives_) {
      constexpr std::string_view kPrefix = "read_bandwidth_";
      if (p.name.compare(0, kPrefix.size(), kPrefix) != 0) continue;
      const double active = std::stod(p.name.substr(kPrefix.size()));
      m.curve.push_back({system(active), assumed(0, "as many as it takes"), measured(p.name)});
      best = std::max(best, p.value);
    }
    m.spec_bandwidth = derived(best, "the most that was measured; no datasheet is read");
    m.capacity = system(static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(sysconf(_SC_PAGESIZE)));
    m.latency = measured("memory_latency");
    m.loaded_latency = measured("memory_latency");
    m.loaded_latency.source += " (idle)";
    m.l2_capacity = measured("cache_capacity");
    m.l2_bandwidth = derived(value("cache_bandwidth") * cores_,
                             "microbench cache_bandwidth x cores; the last level cache");
    m.l2_near = measured("cache_latency");
    m.l2_far = measured("cache_latency");
    return m;
  }

  // An arrival is an atomic add that others see one hand-off later, so that notify + observe is
  // hand_off_by_add.
  ProtocolNumbers protocol() const {
    ProtocolNumbers p;
    const double own = value("add_own");
    const Primitive* by_store = find("hand_off");
    const Primitive* by_add = find("hand_off_by_add");
    const bool pair = by_store != nullptr && by_add != nullptr;
    const double notify = pair ? std::max(own, by_add->value - by_store->value) : own;
    p.notify = latency(derived(notify, "microbench hand_off_by_add - hand_off, at least add_own"),
                       "hand_off_by_add");
    const Primitive* contended = find("add_contended");
    p.contention = derived(contended == nullptr ? 0 : std::max(0.0, contended->value - own),
                           "microbench add_contended - add_own");
    p.observe = latency(between_cores("hand_off"), "hand_off");
    p.poll_interval = measured("poll_turn");
    p.fetch = latency(measured("queue_take"), "queue_take");
    p.fetch_batch = derived(mk::protocol::kFetchBatch, "gpu_backend/protocol/worker.h");
    // Static, one worker: look at the counter, body, add, next.
    const double task = value("empty_task_static_1w0s");
    p.dispatch =
        latency(derived(std::max(0.0, task - own), "microbench empty_task_static_1w0s - add_own"),
                "empty_task_static_1w0s");
    p.activate = latency(measured("event_put"), "event_put");
    p.dequeue = latency(between_cores("hand_off"), "hand_off");
    p.enqueue = latency(measured("queue_put"), "queue_put");
    p.scheduler_poll = measured("poll_turn");
    p.queue_capacity = derived(1U << 20, "queues are made large enough for the graph");
    p.event_queue_capacity = derived(1U << 20, "queues are made large enough for the graph");
    p.peer_notify_factor = assumed(1, "hosts are one device");
    p.peer_observe_factor = assumed(1, "hosts are one device");
    return p;
  }

  BoundaryNumbers boundary() const {
    BoundaryNumbers b;
    b.base = latency(measured("boundary_static_1w0s"), "boundary_static_1w0s");
    b.per_request = assumed(0, "calibrate fits it with the base");
    b.per_page = none();
    b.per_token = assumed(0, "calibrate fits it with the base");
    return b;
  }

  // What the body alone has told (microbench_bodies.h).
  void set_constants(BodyNumbers& b, const TaskKindFacts& kind) const {
    const std::string fixed = fmt::format("body_{}_fixed", kind.name);
    if (find(fixed) == nullptr) return;
    b.fixed = measured(fixed);
    b.per_activation = measured(fmt::format("body_{}_per_activation", kind.name));
    if (kind.cost != CostClass::kSmall) return;
    b.start_up = derived(0, "inside fixed");
    b.flops_per_cycle = derived(kFlopsInActivations, "inside per_activation");
  }

  // All linears have one loop, an expert's too.
  void set_arithmetic(BodyNumbers& b, const TaskKindFacts& kind) const {
    if (kind.cost == CostClass::kCache) set_flops(b, "body_attention_gflops");
    if (kind.cost != CostClass::kStream) return;
    set_flops(b, "body_linear_gflops_streaming");
    // What one token's arithmetic takes in of weights that lie in the cache holds a stream from
    // memory, too.
    const Primitive* rate = find("body_linear_rate");
    if (rate != nullptr && rate->value < b.port_limit.value) b.port_limit = measured(rate->name);
  }

  void set_flops(BodyNumbers& b, std::string_view gflops) const {
    if (find(gflops) == nullptr) return;
    const Number n = measured(gflops);
    const double clock = value("clock");
    b.flops_per_cycle = {n.value / clock, n.low / clock, n.high / clock, n.source + " / clock"};
  }

  // What holds for any body that streams; calibrate fits each kind.
  BodyNumbers body() const {
    BodyNumbers b;
    const double port = value("read_bandwidth_1");
    const double in_flight = port * 1e3 * value("memory_latency");
    b.bytes_in_flight = derived(in_flight, "microbench read_bandwidth_1 x memory_latency");
    b.port_limit = measured("read_bandwidth_1");
    b.start_up = measured("memory_latency");
    b.epilogue = assumed(0, "no stores to wait for");
    b.fixed = assumed(0, "calibrate fits it");
    b.per_activation =
        derived(1024e-3 / value("cache_bandwidth"), "1 KiB at microbench cache_bandwidth");
    b.flops_per_cycle = assumed(16, "one 8-wide f32 multiply-add a cycle; calibrate fits it");
    b.tile_bytes = derived(0, "a host body is one tile");
    // 0.5: the most that a machine file may say (core/machine_numbers.cpp).
    b.spread = number(std::min(find("read_bandwidth_1")->spread, 0.5),
                      "microbench read_bandwidth_1, its spread");
    b.kernel_bandwidth_share = assumed(1, "hosts launch no kernels");
    b.kernel_blocks_per_sm = assumed(1, "hosts launch no kernels");
    return b;
  }

  const std::vector<Primitive>& primitives_;
  std::uint32_t cores_;
};

}  // namespace

Machine host_machine(const std::vector<Primitive>& primitives, std::uint32_t cores) {
  return MachineMaker(primitives, cores).make();
}

Result<Microbenchmark> microbenchmark_host(const MicrobenchOptions& options) {
  Bench bench(options);
  if (Status measured = bench.measure(); !measured) {
    return fail(ErrorCode::kDevice, measured.error().message);
  }
  return std::move(bench).result();
}

}  // namespace mk
