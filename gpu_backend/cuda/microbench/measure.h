// The measurements behind microbench.h, a function a group of primitives. Each adds what it
// measured to `results`; when the lab's status is bad afterwards, what is missing was not measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gpu_backend/cuda/microbench/lab.h"
#include "gpu_backend/host/microbench.h"
#include "gpu_backend/host/microbench_parts.h"

namespace mk::cuda::microbench {

using mk::microbench::Samples;

class Results {
 public:
  // The samples' median and spread; nothing where the lab has failed or there are none.
  void add(const Lab& lab, std::string name, const char* unit, const Samples& samples);
  const std::vector<Primitive>& primitives() const { return primitives_; }

 private:
  std::vector<Primitive> primitives_{};
};

// 0 where there are none.
double median(const Samples& samples);

// The sample below which that share of them lies.
double quantile(Samples samples, double share);

void measure_clocks(Lab& lab, Results& results);      // sm_clock, timer_step, clock_offset
void measure_hand_offs(Lab& lab, Results& results);   // hand_off*, notify*, poll_turn*, mailbox_*
void measure_additions(Lab& lab, Results& results);   // add_N
void measure_queues(Lab& lab, Results& results);      // queue_*, event_push_N, event_hand_off, ...
void measure_latencies(Lab& lab, Results& results);   // memory_latency, l2_*, copy_latency
void measure_bandwidths(Lab& lab, Results& results);  // read_bandwidth_*, l2_bandwidth, sm_spread
void measure_launches(Lab& lab, Results& results);    // launch_*
void measure_bodies(Lab& lab, Results& results);      // body_*
void measure_bodies_at_once(Lab& lab, Results& results);  // sm_port_*, bodies_bandwidth_*, ...
void measure_peers(Lab& lab, Results& results);           // peer_*; where there are two GPUs
void measure_runs(Lab& lab, Results& results);  // empty_task_*, hop_*, barrier_*, boundary_*

}  // namespace mk::cuda::microbench
