// Kernels for the protocol's queues and tables.
#include "gpu_backend/cuda/microbench/device_side.cuh"
#include "gpu_backend/protocol/agent.h"
#include "gpu_backend/protocol/worker.h"

namespace mk::cuda::microbench {
namespace {

using Consumer = protocol::RingConsumer<DeviceMemory>;
using Producer = protocol::RingProducer<DeviceMemory>;

__global__ void push_kernel(const __grid_constant__ PushArgs args) {
  if (blockIdx.x > args.producers) return;
  if (!meet(args.guard, args.ready, args.producers + 1)) return;
  Stopwatch watch;
  watch.start();
  if (blockIdx.x < args.producers) {
    for (std::uint32_t i = 0; i < args.pushes; ++i) push_shared(args.ring, {blockIdx.x, i});
  } else {
    Consumer consumer;
    protocol::Item item;
    for (std::uint32_t left = args.producers * args.pushes; left > 0; --left) {
      if (!await(args.guard, 0, [&] { return consumer.pop(args.ring, &item, 1) != 0; })) return;
    }
  }
  args.spans[blockIdx.x] = watch.stop();
}

__device__ void time_ring(const QueueArgs& args) {
  Producer producer;
  Consumer consumer;
  protocol::Item batch[protocol::kFetchBatch];
  Stopwatch watch;
  watch.start();
  for (std::uint32_t i = 0; i < args.items; ++i) {
    producer.stage(args.ring, {i, 0});
    if (producer.staged() == protocol::kPublishBatch) producer.publish(args.ring);
  }
  producer.publish(args.ring);
  args.spans[kPut] = watch.stop();
  watch.start();
  while (consumer.pop(args.ring, batch, protocol::kFetchBatch) != 0) {
  }
  args.spans[kTake] = watch.stop();
  watch.start();
  for (std::uint32_t i = 0; i < args.items; ++i) consumer.pop(args.ring, batch, 1);
  args.spans[kEmptyPop] = watch.stop();
}

// Each load's address depends on the load before, as a queue's item gives the task.
__device__ void time_tables(const QueueArgs& args, uint4* to) {
  Stopwatch watch;
  watch.start();
  std::uint32_t zero = 0;
  for (std::uint32_t i = 0; i < args.items; ++i) {
    const protocol::TaskWord word = args.words[i + zero];
    zero += word.dependent_event + word.triggering_count;  // all are 0
  }
  args.spans[kWord] = watch.stop();
  watch.start();
  for (std::uint32_t i = 0; i < args.items; ++i) {
    const auto* const from = reinterpret_cast<const uint4*>(args.descriptors + i + zero);
    uint4 words[8];
#pragma unroll
    for (int k = 0; k < 8; ++k) words[k] = __ldg(from + k);
#pragma unroll
    for (int k = 0; k < 8; ++k) to[k] = words[k];
    zero += words[0].y + words[7].w;  // not used by any kind, 0
  }
  args.spans[kDescriptor] = watch.stop();
  *args.sum = zero;
}

__global__ void queue_kernel(const __grid_constant__ QueueArgs args) {
  __shared__ uint4 descriptor[8];
  time_ring(args);
  time_tables(args, descriptor);
}

__global__ void ring_pass_kernel(const __grid_constant__ RingPassArgs args) {
  const bool is_first = blockIdx.x == 0;
  if (!is_first && blockIdx.x != args.partner) return;
  Consumer consumer;
  protocol::Item item;
  const DeviceRing& out = args.rings[is_first ? 0 : 1];
  const DeviceRing& in = args.rings[is_first ? 1 : 0];
  Stopwatch watch;
  watch.start();
  for (std::uint32_t round = 0; round < args.rounds; ++round) {
    if (is_first) push_shared(out, {round, 0});
    if (!await(args.guard, 0, [&] { return consumer.pop(in, &item, 1) != 0; })) return;
    if (!is_first) push_shared(out, item);
  }
  if (is_first) *args.span = watch.stop();
}

}  // namespace

const void* push_symbol() { return kernel_symbol(&push_kernel); }
const void* queue_symbol() { return kernel_symbol(&queue_kernel); }
const void* ring_pass_symbol() { return kernel_symbol(&ring_pass_kernel); }

}  // namespace mk::cuda::microbench
