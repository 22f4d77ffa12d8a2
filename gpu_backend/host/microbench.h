// Microbenchmark of this host: the primitives that a prediction of run_on_threads needs, measured
// here and now, and the Machine made from them.
//
//   name                        what                                                       unit
//   clock                       cycles of dependent additions                               GHz
//   read_bandwidth_N            N cores sum up a buffer larger than the caches              GB/s
//   memory_latency              a load that depends on the one before, out of cache         us
//   cache_capacity              of the last level cache, what is faster than memory         bytes
//   cache_latency               memory_latency within cache_capacity                        us
//   cache_bandwidth             one core sums up a buffer of cache_capacity                 GB/s
//   add_own                     atomic add to a line that this core holds                   us
//   hand_off                    a store until another core has seen it                      us
//   hand_off_by_add             an atomic add until another core has seen it                us
//   add_contended               one of two cores' adds to one counter, both at it at once   us
//   poll_turn                   one turn of a waiting thread                                us
//   queue_put, queue_take       one task id into a worker's ring, out of it                 us
//   event_put                   one event id into a scheduler's ring                        us
//   body_KIND_gflops            arithmetic of bodies that have their weights or KV in cache Gflop/s
//   body_linear_gflops_streaming  of linears of 8 tokens, weights from memory               Gflop/s
//   body_linear_rate            weights in the cache, that a linear of one token takes in   GB/s
//   body_KIND_fixed             of a body of that kind alone, what does not grow            us
//   body_KIND_per_activation    the same, what a KiB of activations takes                   us
//   empty_task_P_WwSs           a run of empty tasks, policy P, W workers, S schedulers     us
//   boundary_P_WwSs             end of an iteration to the begin of the next                us
// Those that take two cores are left out where the process may use only one. KIND: linear,
// norm_linear, silu_linear, attention, embedding, rmsnorm, silu_mul, argmax_partial, argmax_reduce,
// as microbench_bodies.h measures them.
//
// `value` is the median of repetitions, `spread` half the distance between their 16th and 84th
// percentile / median. Needs a quiet machine: whatever else runs is measured too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "core/result.h"

namespace mk {

struct Primitive {
  std::string name{};
  double value = 0;
  std::string unit{};
  double spread = 0;
};

struct Microbenchmark {
  std::vector<Primitive> primitives{};  // in the order of the table
  Machine machine{};                    // each number's source says which primitive
  std::vector<std::string> missing{};   // what could not be measured, and why
};

struct MicrobenchOptions {
  std::uint32_t repetitions = 15;
  std::uint64_t buffer_bytes = 256U
                               << 20;  // that is read: larger than the caches, all cores together
  bool peers_only = false;             // of several GPUs: what passes between them, nothing else
  bool bandwidth_only = false;  // measure read_bandwidth_N and nothing else; the machine is empty
  // Called before each primitive, for progress bars; may be empty.
  std::function<void(std::string_view name)> on_primitive{};
};

// Device iff a run of the protocol failed here.
[[nodiscard]] Result<Microbenchmark> microbenchmark_host(const MicrobenchOptions& options);

// The machine that the primitives describe. `cores` and the sizes come from the operating system.
// Requires: the primitives that one core can measure are there.
Machine host_machine(const std::vector<Primitive>& primitives, std::uint32_t cores);

}  // namespace mk
