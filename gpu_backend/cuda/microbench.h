// Microbenchmark of the first GPU: the primitives that a prediction of the megakernel and of its
// kernel-per-operator baselines needs, and the Machine made from them.
//
//   name                           what                                                        unit
//   sm_clock                       cycles an SM makes, against the device's clock              GHz
//   timer_step                     smallest step that the device's clock was seen to make      us
//   clock_offset[_most]            another SM's reading of it, half a round trip aside         us
//   clock_offset_round             that round trip                                             us
//   hand_off[_sleep_N]             a store until another SM saw it; it sleeps N ns a turn      us
//   hand_off_near, _far            the 5th and 95th percentile over pairs of SMs               us
//   hand_off_by_add, _with_data    by atomic add; with 352 words stored before, loaded after   us
//   notify[_after_stores]          an acquire-release add that waits for its answer            us
//   poll_turn_sleep_N              a turn of a waiting thread                                  us
//   mailbox_round                  control warp to the last compute warp, and back            us
//   add_N                          the same add on one address by N SMs at once                us
//   queue_put, _take, _empty       a task id into a ring, out of it; a look at an empty one    us
//   task_word, descriptor          a dependent load of what the protocol, a body needs         us
//   event_hand_off                 an event pushed until another SM has taken it               us
//   event_push_N, event_take_N     N SMs push into one ring at once; its one taker             us
//   memory_latency                 dependent loads all over 256 MiB                            us
//   l2_latency, l2_near, l2_far    loads from L2: all, the near and the far quarter            us
//   copy_latency_B[_l2]            one bulk copy of B bytes, from memory or L2                 us
//   read_bandwidth_N               N SMs read by bulk copies, 192 KiB in flight each           GB/s
//   stream_bandwidth_N             N blocks, launched as N, with a body in flight each         GB/s
//   stream_slowest_N, _fastest_N   the slowest and the fastest of these blocks                 GB/s
//   sm_port_I                      the port of the I-th SM that a launch takes                 1
//   bodies_bandwidth_N             N times what the slowest of N linear bodies at once gets    GB/s
//   bodies_KIND_CxKkib             the slowest of all SMs' bodies at once, C columns, K KiB     us
//   bodies_rate_N_crowd_K          what one of N gets whose port has K of them                 GB/s
//   read_bandwidth_{one,all}_Kkib  one SM, all SMs, K KiB in flight each                       GB/s
//   l2_bandwidth                   all SMs read what L2 holds                                  GB/s
//   sm_spread                      variation of the SMs' mean times to read the same amount    1
//   launch_round[_cooperative]     a kernel that does nothing, launched and waited for         us
//   launch_host_call               host's time a launch                                        us
//   launch_stream, _graph, _pdl    end of a kernel to start of the next, queued long before    us
//   launch_graph_to_graph          the same from the last kernel of a graph to the next graph  us
//   kernel_fill                    start of a kernel's first block to that of its last         us
//   body_KIND_*                    task bodies, each alone on its SM (microbench/bodies.cpp)
//   peer_flag, peer_put_B          half a round trip of a flag between two GPUs; behind B bytes  us
//   peer_clock                     how well the other GPU's clock is known by it               us
//   peer_write_bandwidth_N         N SMs write to the other GPU's memory; _both: it, too       GB/s
//   peer_read_bandwidth_N          N SMs read from it                                          GB/s
//   peer_storm[_one_counter]_N     N SMs put 256 bytes and notify, again and again: each time  us
//   empty_task, barrier, hop, boundary _POLICY_WwSs   runs of empty tasks (microbench/runs.cpp) us
//   begin_store                    a task that a scheduler's lane stores at `begin`            us
//
// `value` is the median of repetitions or of SMs, `spread` half the distance between the 16th and
// 84th percentile / median. Takes about a minute; every wait on the device ends after 2 s.
#pragma once

#include "core/result.h"
#include "gpu_backend/host/microbench.h"

namespace mk::cuda {

// What fails leaves its primitives out and stands in `missing`. kDevice, one line, iff there is no
// device that this program can use; kUnsupported iff it was built without CUDA.
[[nodiscard]] Result<Microbenchmark> microbenchmark_device(const MicrobenchOptions& options);

}  // namespace mk::cuda
