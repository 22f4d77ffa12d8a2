// Machine: everything that a prediction depends on besides graph and policy. A value, read from
// JSON (core/machines/*.json for the built-in ones), written by `microbench` and `calibrate`.
//
// Each number is a Number: value, the range that its sources leave open, and the source itself.
// visit_numbers() walks all of them with their dotted path and unit; JSON, `--what-if KEY=VALUE`,
// validation, `megascope machines` and tests are derived from that one walk. Where sources differ,
// a primary measurement on the same product wins and `low`/`high` keep both.
//
// Units: us, GB/s (1e9), bytes, GHz, or none, as the path's table says. Invariant of a Machine that
// load or validate accepted: all numbers finite and within their limits, low <= value <= high,
// default workers + SMs of default schedulers <= sms.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/task_kind.h"

namespace mk {

struct Number {
  double value = 0;
  double low =
      0;  // the range that the sources leave open; low == high == value where there is one source
  double high = 0;
  std::string source{};  // e.g. "tickbound (facts E.2)", "microbench 2026-11-23", "derived: ...",
                         // "assumed: ..."
  friend bool operator==(const Number&, const Number&) = default;
};

// Durations are distributions: log-normal about `typical` with coefficient of variation `spread`.
struct Latency {
  Number typical{};  // us
  Number spread{};   // standard deviation / mean
  friend bool operator==(const Latency&, const Latency&) = default;
};

// One body on this architecture. A task of this kind is a sequence of tiles, each start_up + stream
// + epilogue; the stream runs at min(bytes_in_flight / loaded latency, port_limit), an absolute
// rate, shared max-min with the other streams.
struct BodyNumbers {
  Number bytes_in_flight{};  // bytes that one worker running it keeps requested
  Number port_limit{};       // GB/s that one SM (core) can take in, whatever the rest does
  Number start_up{};         // us before the first byte can be used, once a task (once a tile if
                             // tile_bytes > 0)
  Number epilogue{};         // us after the last byte
  Number fixed{};            // us of work that moves no weights (norm, rotary, reductions)
  Number per_activation{};   // us per KiB of activations read or written
  Number flops_per_cycle{};  // of one worker
  Number tile_bytes{};       // weights a tile; 0: the whole task is one tile
  // Warps to which rows of weights go in turn (row_deal.h), each at its share of the stream;
  // 0: not said, all of a task streams alike.
  Number warps{0, 0, 0, "not said: all of a task streams alike"};
  // As few of them stream as fast as all do; 0: all are needed.
  Number enough_warps{0, 0, 0, "not said: all warps are needed"};
  // GB/s in place of port_limit of a task whose rows are dealt to warps, where a page of shared
  // memory holds two of them, or one: what a warp does for each chunk decides how fast it takes
  // them. 0: port_limit.
  Number pair_limit{0, 0, 0, "not said: port_limit"};
  Number row_limit{0, 0, 0, "not said: port_limit"};
  // us that each row of several pages takes there beyond its bytes at port_limit.
  Number row_time{0, 0, 0, "not said: none"};
  Number spread{};  // coefficient of variation of the whole duration
  // As a kernel of its own (stream, graph, pdl):
  Number kernel_bandwidth_share{};  // 0..1: share of the achieved bandwidth that it reaches
  Number kernel_blocks_per_sm{};    // thread blocks of it that fit on an SM
  friend bool operator==(const BodyNumbers&, const BodyNumbers&) = default;
};

// What `microbench --backend host` writes into the source of a body's number that it measured with
// that body alone; calibrate keeps what it says where traces cannot (calibrate.h).
inline constexpr std::string_view kMeasuredAlone = "microbench body_";
inline bool is_measured_alone(const Number& of_body) {
  return of_body.source.find(kMeasuredAlone) != std::string::npos;
}

// Achieved HBM (host: memory) read bandwidth with `active` SMs (cores) streaming, each keeping
// `bytes_in_flight` requested: a measured or published point of the machine.
struct BandwidthPoint {
  Number active{};           // SMs
  Number bytes_in_flight{};  // bytes an SM; 0: not known, as many as it takes
  Number bandwidth{};        // GB/s, together
  friend bool operator==(const BandwidthPoint&, const BandwidthPoint&) = default;
};

struct MemoryNumbers {
  std::vector<BandwidthPoint> curve{};  // by increasing `active`; at least one point
  Number spec_bandwidth{};              // GB/s, datasheet
  Number capacity{};                    // bytes
  Number latency{};                     // us, idle
  Number loaded_latency{};              // us, near full bandwidth: what divides bytes_in_flight
  Number l2_capacity{};                 // bytes (host: last level cache)
  Number l2_bandwidth{};                // GB/s
  Number l2_near{};                     // us
  Number l2_far{};                      // us
  friend bool operator==(const MemoryNumbers&, const MemoryNumbers&) = default;
};

// Costs of the protocol's steps, each at device scope.
struct ProtocolNumbers {
  Latency notify{};        // release + atomic: from a body's end until its arrival can be seen
  Number contention{};     // us more for each other arrival at the same counter in flight
  Latency observe{};       // a load that sees another SM's store: one poll of a flag that is set
  Number poll_interval{};  // us between two polls of a waiting worker (its sleep included)
  Latency fetch{};         // us to fetch a batch of descriptors
  Number fetch_batch{};    // descriptors a fetch takes at most
  // the same of a worker under `static`, which may read its list ahead; 0: fetch_batch
  Number static_batch{0, 0, 0, "not said: as fetch_batch"};
  Latency dispatch{};  // us from "its event is active" to the body's first instruction (barrier,
                       // branch)
  Latency activate{};  // us for the last arriver to put an event into a scheduler's queue
  Latency dequeue{};   // scheduler: from the event's publication until it has read its descriptor
  Latency enqueue{};   // us a task that a scheduler stores into a worker's queue
  Number scheduler_poll{};      // us between two polls of an idle scheduler
  Number queue_capacity{};      // task ids a worker queue holds
  Number peer_notify_factor{};  // notify to another device's counter, as a multiple of notify
  Number peer_observe_factor{};
  Number event_queue_capacity{};  // event ids a scheduler queue holds
  // us for a scheduler's release by which a worker sees what was stored for it, up to
  // `publish_batch` items at once; 0: each store is a release of its own, part of `enqueue` (MPK)
  Number publish{0, 0, 0, "not said: each store is a release, as in MPK (facts mpk 2.3)"};
  Number publish_batch{0, 0, 0, "not said: no batches"};
  // Workers for which a scheduler stores and releases side by side, as the lanes of a warp do; 0
  // and 1: one after the other (MPK)
  Number scheduler_lanes{0, 0, 0, "not said: one worker after the other (facts mpk 2.3)"};
  // us for each scheduler that has to do for an event of all; 0: one queue that all of them read
  // (MPK), or on hosts an `activate` each
  Number broadcast_push{0, 0, 0, "not said: one queue that all schedulers read (facts mpk 2.2)"};
  // us for each scheduler, before that, to find out whether it has to do for the event
  Number broadcast_look{0, 0, 0, "not said: part of broadcast_push"};
  // us for each task that a scheduler's lane stores at `begin`, whose tables it reads one after the
  // other; 0: `enqueue`
  Number enqueue_aot{0, 0, 0, "not said: as enqueue"};
  friend bool operator==(const ProtocolNumbers&, const ProtocolNumbers&) = default;
};

// End of an iteration -> first tasks of the next: prepare-next-batch, beyond the queue hops that
// the simulator models.
struct BoundaryNumbers {
  Latency base{};        // us
  Number per_request{};  // us
  Number per_page{};     // us a KV page handed out
  Number per_token{};    // us
  friend bool operator==(const BoundaryNumbers&, const BoundaryNumbers&) = default;
};

// Kernel-per-operator launches.
struct LaunchNumbers {
  Latency eager{};   // us of host time a launch by an eager framework
  Latency stream{};  // us, back-to-back kernels in a stream: end of one to start of the next
  Latency graph{};   // us, between nodes of a CUDA graph
  Latency
      pdl{};  // us, graph nodes with programmatic dependent launch: from the last block's trigger
  Latency graph_launch{};  // us, one launch of a whole graph (once an iteration)
  Number kernel_fill{};    // us from a kernel's start until all its blocks run
  Number kernel_drain{};   // us from the last block's end until the kernel counts as complete
  friend bool operator==(const LaunchNumbers&, const LaunchNumbers&) = default;
};

struct SharedMemoryNumbers {
  Number page_bytes{};  // where bodies say their warps: a chunk of a warp's ring
  Number pages{};       // a worker
  // us for which a body that finds weights loaded ahead asks for no more of them, since its input
  // comes first; 0: it goes on at once
  Number hold{0, 0, 0, "not said: a body goes on at once"};
  friend bool operator==(const SharedMemoryNumbers&, const SharedMemoryNumbers&) = default;
};

// The source of a number that a machine file leaves out, where 0 would be no answer.
inline constexpr const char* kNotKnown = "not known";

// One direction of the link between each pair of devices.
struct LinkNumbers {
  Number bandwidth{};  // GB/s
  Latency put{};       // us: a small put until the peer's worker can see its flag
  // us of a library's smallest all-reduce as a kernel of its own, its launch included; 0: not known
  Latency all_reduce{{0, 0, 0, kNotKnown}, {0, 0, 0, kNotKnown}};
  friend bool operator==(const LinkNumbers&, const LinkNumbers&) = default;
};

// The JSON's "format". A body that a file lacks, or a number of a body, is filled from
// `default_body`; `low` and `high` default to the value; a number that came later may be missing,
// and is 0 then, which stands for what there was before. Newer formats are refused with both
// numbers.
inline constexpr int kMachineFormat = 1;

enum class MachineKind : std::uint8_t { kGpu, kHost };

struct Machine {
  std::string name{};
  std::string title{};  // "NVIDIA H100 SXM5 80 GB"
  MachineKind kind = MachineKind::kGpu;
  Number sms{};                   // streaming multiprocessors (host: cores)
  Number clock{};                 // GHz
  Number default_workers{};       // the paper's Table 1
  Number default_schedulers{};    // scheduler warps
  Number schedulers_per_sm{};     // 4 on GPUs, 1 on hosts
  Number devices{};               // devices of one such machine
  Number gpc_sms{};               // SMs a GPC; 0: not known
  Number gpc_bandwidth{};         // GB/s that SMs which share a port take in together; 0: no cap
  std::vector<Number> sm_port{};  // the port of the i-th SM that a launch fills; empty: its GPC's
  // 0..1: how far a full memory is shared by port and not by SM (port_share.h); 0: by SM
  Number port_contention{0, 0, 0, "not said: SMs share the memory, whatever their ports"};
  std::vector<Number> sm_factor{};  // measured speed factor an SM; empty: drawn from sm_spread
  Number sm_spread{};  // persistent speed factor of an SM: its coefficient of variation
  MemoryNumbers memory{};
  ProtocolNumbers protocol{};
  BoundaryNumbers boundary{};
  LaunchNumbers launch{};
  SharedMemoryNumbers shared_memory{};
  LinkNumbers link{};
  BodyNumbers default_body{};                        // for kinds that the file does not name
  std::array<BodyNumbers, kTaskKindCount> bodies{};  // by TaskKind
  friend bool operator==(const Machine&, const Machine&) = default;

  const BodyNumbers& body(TaskKind task_kind) const { return bodies[index_of(task_kind)]; }

  // SMs that `schedulers` scheduler warps take: ceil(schedulers / schedulers_per_sm).
  std::uint32_t scheduler_sms(std::uint32_t schedulers) const;

  // The port of the i-th SM that a launch fills: sm_port, or else that of its GPC, all of which a
  // launch fills in turn. 0 where neither is known. (On an H100 the SMs of a third of a GPC share
  // one: 18 ports of 6 SMs and 6 of 4 explain traces/samples/h100.db and read_bandwidth_N.)
  std::uint32_t port_of(std::uint32_t sm) const;

  // GB/s that `active` SMs streaming at once achieve together, each with `bytes_in_flight`
  // requested (0: as many as it takes). Between points linear in `active`, past the last flat;
  // never more than active * bytes_in_flight / loaded latency, joined smoothly at the knee.
  double bandwidth_at(double active, double bytes_in_flight = 0) const;

  // GB/s that one worker running `body` streams at most: min(bytes_in_flight / loaded latency,
  // port_limit); `port`: in place of port_limit.
  double stream_limit(const BodyNumbers& body) const;
  double stream_limit(const BodyNumbers& body, double port) const;
};

// How round the knee is where a demand meets what is offered. Assumed: no public curve is fine
// enough to fit it.
inline constexpr double kKnee = 0.0025;

// What reaches the memory when `demanded` is asked of something that gives `offered` at most: their
// minimum, rounded off where the two are near (5 % lower where they are equal, 0.25 % at a factor
// of two), since queues form before the memory is full.
inline double smooth_minimum(double demanded, double offered) {
  // A non-rectangular hyperbola: straight on both sides, a bend where they meet. At demanded ==
  // offered the result is 1 / (1 + sqrt(kKnee)) of it.
  constexpr double kBend = 1 - kKnee;
  const double sum = demanded + offered;
  return (sum - std::sqrt(sum * sum - 4 * kBend * demanded * offered)) * (1 / (2 * kBend));
}

// What is offered, if that much of what is demanded reaches the memory: smooth_minimum the other
// way round. Requires: 0 <= achieved < demanded.
inline double offered_if(double demanded, double achieved) {
  return achieved * (demanded - (1 - kKnee) * achieved) / (demanded - achieved);
}

// What visit_numbers tells about each number.
struct NumberFacts {
  std::string
      path{};  // "protocol.notify.typical", "bodies.linear.port_limit", "memory.curve.2.bandwidth"
  std::string_view unit{};  // "us", "GB/s", "bytes", "GHz", ""
  double minimum = 0;       // the smallest value that makes sense
  bool exclusive = false;   // the minimum itself is refused
  double maximum = std::numeric_limits<double>::infinity();
  bool is_optional = false;  // may be missing, and is 0 then
};

// Calls visit(facts, number) for each number of the machine, in the order of the JSON file.
void visit_numbers(Machine& machine, const std::function<void(const NumberFacts&, Number&)>& visit);
void visit_numbers(const Machine& machine,
                   const std::function<void(const NumberFacts&, const Number&)>& visit);

// A split of the machine's SMs. Refused with the numbers iff workers == 0 or workers + scheduler
// SMs > SMs.
struct Split {
  std::uint32_t workers = 0;
  std::uint32_t schedulers = 0;
};
Result<Split> check_split(const Machine& machine, std::uint32_t workers, std::uint32_t schedulers);

// Errors name the file (or "machine") and the path of the number: missing, unknown, negative, not a
// number, low > high, no source, contradictory.
Result<Machine> machine_from_json(std::string_view text, std::string_view name_for_errors);
std::string machine_to_json(
    const Machine& machine);  // two-space indented, stable: equal machines give equal bytes

// A built-in name ("h100-sxm") or a JSON file's path. NotFound lists the built-in names.
Result<Machine> load_machine(const std::string& name_or_path);
std::vector<std::string> builtin_machines();

// Sets one number by its dotted path, as `--what-if memory.curve.0.bandwidth=4000` does: value, low
// and high. NotFound names near paths; InvalidInput if the machine would not be valid any more.
Status set_number(Machine& machine, std::string_view path, double value);

}  // namespace mk
