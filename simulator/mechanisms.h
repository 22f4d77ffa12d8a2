// What the simulator models, each with a switch (`--mechanism NAME=on|off`), so that the effect of
// each can be measured. simulator/README.md says how each works and where it comes from.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/result.h"

namespace mk {

struct Mechanisms {
  bool noise = true;
  bool sm_spread = true;
  bool shared_bandwidth = true;
  bool smooth_knee = true;
  bool preload = true;
  bool hand_off = true;
  bool contention = true;
  bool poll_phase = true;
  bool batch_fetch = true;
  bool scheduler_cost = true;
  bool broadcast_queue = true;
  bool boundary_cost = true;
  bool queue_limit = true;
  bool waves = true;
  bool links = true;
  bool l2_distance = true;
  bool pdl_window = true;
  bool gpc_cap = true;
  bool aot_enqueue = true;
  bool l2_capacity = true;
  bool warp_rounds = true;
  bool ring_preload = true;
  bool scheduler_lanes = true;
  bool input_overlap = true;
  bool begin_ahead = true;
  bool few_under_way = true;
  bool books_beside = true;
  bool row_rates = true;
  bool behind_requests = true;
  bool port_shares = true;
  friend bool operator==(const Mechanisms&, const Mechanisms&) = default;
};

struct MechanismFacts {
  std::string_view name{};
  bool Mechanisms::*on = nullptr;
  std::string_view summary{};  // what it does while it is on
};

inline constexpr std::array kMechanisms = {
    MechanismFacts{"noise", &Mechanisms::noise,
                   "durations and hops are drawn from their distributions (off: typical values)"},
    MechanismFacts{"sm_spread", &Mechanisms::sm_spread,
                   "each SM has a speed factor that lasts for the run"},
    MechanismFacts{"shared_bandwidth", &Mechanisms::shared_bandwidth,
                   "running streams share the memory's achieved bandwidth (off: each runs at its "
                   "body's own rate)"},
    MechanismFacts{"smooth_knee", &Mechanisms::smooth_knee,
                   "queues form before the memory is full (off: a sharp knee)"},
    MechanismFacts{"preload", &Mechanisms::preload,
                   "a worker loads its next tile, and its next task's weights before that task's "
                   "event, as far as its shared-memory pages reach"},
    MechanismFacts{"hand_off", &Mechanisms::hand_off, "notify, observe and dispatch take time"},
    MechanismFacts{"contention", &Mechanisms::contention,
                   "arrivals at one counter wait for each other"},
    MechanismFacts{"poll_phase", &Mechanisms::poll_phase,
                   "who waits sees a flag at its next poll only"},
    MechanismFacts{"batch_fetch", &Mechanisms::batch_fetch,
                   "workers fetch task descriptors in batches, which takes time"},
    MechanismFacts{"scheduler_cost", &Mechanisms::scheduler_cost,
                   "activate, dequeue and enqueue take time"},
    MechanismFacts{"broadcast_queue", &Mechanisms::broadcast_queue,
                   "one publication reaches all schedulers (off, and on hosts: one a scheduler)"},
    MechanismFacts{"boundary_cost", &Mechanisms::boundary_cost,
                   "preparing the next iteration takes time"},
    MechanismFacts{"queue_limit", &Mechanisms::queue_limit,
                   "a queue that overflows ends the simulation with an error"},
    MechanismFacts{"waves", &Mechanisms::waves,
                   "a kernel's blocks run in whole waves (off: as one flow)"},
    MechanismFacts{"l2_distance", &Mechanisms::l2_distance,
                   "a counter is near to half of the workers (off: all are at the mean distance)"},
    MechanismFacts{"pdl_window", &Mechanisms::pdl_window,
                   "a dependent kernel loads weights before the kernel in front of it counts as "
                   "complete, as far as shared memory reaches"},
    MechanismFacts{"links", &Mechanisms::links,
                   "what is put on a peer shares its device's link, and takes the link's latency"},
    MechanismFacts{"aot_enqueue", &Mechanisms::aot_enqueue,
                   "schedulers store AOT tasks at the begin of each iteration (off: they are in "
                   "their queues by then, as in the MPK paper)"},
    MechanismFacts{"gpc_cap", &Mechanisms::gpc_cap,
                   "the SMs of a GPC take in so much together at most, where the machine says it"},
    MechanismFacts{"l2_capacity", &Mechanisms::l2_capacity,
                   "where all that an iteration streams fits into the L2, the next one finds it "
                   "there (off: memory, always)"},
    MechanismFacts{"warp_rounds", &Mechanisms::warp_rounds,
                   "a linear body's last round of rows streams with as many warps as have one, "
                   "where the machine says how many there are (off: all of a task alike)"},
    MechanismFacts{"ring_preload", &Mechanisms::ring_preload,
                   "where bodies have warps, what is loaded ahead comes once the task before has "
                   "notified, into a part of their rings, and is still worked off (off: as pages)"},
    MechanismFacts{"scheduler_lanes", &Mechanisms::scheduler_lanes,
                   "a scheduler stores for several workers side by side, where the machine says it "
                   "(off: one after the other)"},
    MechanismFacts{"input_overlap", &Mechanisms::input_overlap,
                   "where bodies have warps, a linear's first weights come while its input is read "
                   "(off: one after the other)"},
    MechanismFacts{"begin_ahead", &Mechanisms::begin_ahead,
                   "under static, what a task loads into rings comes once the task before is done "
                   "(off: once that has notified)"},
    MechanismFacts{"few_under_way", &Mechanisms::few_under_way,
                   "until its event is active, few chunks of what begins ahead are under way (off: "
                   "it streams as its body does)"},
    MechanismFacts{
        "books_beside", &Mechanisms::books_beside,
        "under static, where bodies have warps, a task starts once its event is seen, and "
        "what dispatch stands for is done beside its body (off: before it)"},
    MechanismFacts{"row_rates", &Mechanisms::row_rates,
                   "a linear body streams at a rate of its own where a chunk holds two rows, or "
                   "one, where the machine says it (off: at port_limit)"},
    MechanismFacts{"behind_requests", &Mechanisms::behind_requests,
                   "under static, an arrival stands behind what its worker has asked for ahead "
                   "(off: it takes no longer)"},
    MechanismFacts{"port_shares", &Mechanisms::port_shares,
                   "SMs that share a port share a full memory by port, where the machine says how "
                   "far (off: by SM)"},
};

// Sets what one `NAME=on` or `NAME=off` says. Usage, naming it and what is known, iff it is
// neither.
Status set_mechanism(Mechanisms& mechanisms, std::string_view name_value);

// "noise=on sm_spread=off ...": all of them, as set_mechanism() takes them.
std::string to_text(const Mechanisms& mechanisms);

}  // namespace mk
