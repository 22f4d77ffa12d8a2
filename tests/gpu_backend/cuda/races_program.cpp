// Task bodies under ThreadSanitizer as race checker: two blocks, the second of which reads what the
// first has put there and published, and every body there is. One thing can be wrong on purpose:
//
//   bodies_under_tsan none|missing_wait|early_release|missing_sync|relaxed_publish|unsynced_publish
//                     |early_flag
//
// Built with -fsanitize=thread. Exit status 66 (TSan's) iff a race was found.
#include <atomic>
#include <cstdio>
#include <string_view>
#include <vector>

#include "gpu_backend/cuda/bodies/run_body.h"
#include "tests/gpu_backend/cuda/fiber_block.h"

namespace mk::cuda::test {
namespace {

using Shape = BlockShape<2, 3, 1024>;
constexpr std::uint64_t kWorkBytes = 24 << 10;
constexpr std::uint32_t kWidth = 512;
constexpr std::uint32_t kRows = 24;
constexpr std::uint32_t kBatchRows = (kMostGroups + 1) * kGroupRows;  // of 64 columns

enum class Bug {
  kNone,
  kMissingWait,
  kEarlyRelease,
  kMissingSync,
  kRelaxedPublish,
  kUnsyncedPublish,
  kEarlyFlag  // a put's notification comes before its data
};

// A context that leaves one thing out.
struct Careless : FiberContext {
  Careless(const FiberContext& c, Bug bug) : FiberContext(c), bug_(bug) {}
  void wait(std::uint64_t* barrier, std::uint32_t parity) {
    if (bug_ != Bug::kMissingWait) FiberContext::wait(barrier, parity);
  }
  void warp_sync() {
    if (bug_ != Bug::kEarlyRelease) FiberContext::warp_sync();
  }
  void sync() {
    if (bug_ != Bug::kMissingSync) FiberContext::sync();
  }
  void really_sync() { FiberContext::sync(); }

 private:
  Bug bug_;
};

struct Buffers {
  std::vector<Bf16> weights = std::vector<Bf16>(std::size_t{kRows} * kWidth + 8, Bf16{0x3c00});
  std::vector<Bf16> more_weights = std::vector<Bf16>(std::size_t{kRows} * 32 + 8, Bf16{0x3c00});
  std::vector<Bf16> norm = std::vector<Bf16>(kWidth, Bf16{0x3f80});
  std::vector<float> x = std::vector<float>(kWidth, 0.5F);
  std::vector<float> batched = std::vector<float>(kBatchRows, 0.0F);
  std::vector<float> between = std::vector<float>(32, 0.0F);
  std::vector<float> y = std::vector<float>(kRows, 0.0F);
  std::vector<float> normed = std::vector<float>(kWidth, 0.0F);
  std::vector<float> gated = std::vector<float>(kWidth / 2, 0.0F);
  std::vector<float> qkv = std::vector<float>(std::size_t{4} * 16, 0.25F);
  std::vector<float> attended = std::vector<float>(std::size_t{2} * 16, 0.0F);
  std::vector<float> parts = std::vector<float>(72, 0.0F);
  std::vector<std::int32_t> pages = {2, 0, 1, 3};
  std::vector<Bf16> keys = std::vector<Bf16>(std::size_t{16} * 16);
  std::vector<Bf16> values = std::vector<Bf16>(std::size_t{16} * 16);
  std::vector<float> rope = std::vector<float>(std::size_t{16} * 16, 0.7F);
  std::vector<float> arrived = std::vector<float>(32, 0.0F);  // what the first block puts
  std::vector<float> sum = std::vector<float>(32, 0.0F);
  // The largest, and 64 bytes on its index.
  std::vector<float> best = std::vector<float>(32);
  std::int32_t* best_index = reinterpret_cast<std::int32_t*>(best.data() + 16);
  std::vector<std::int32_t> token = std::vector<std::int32_t>(1);
  std::atomic<std::uint32_t> event{0};
};

TaskDescriptor linear(const Bf16* weights, const float* x, float* y, std::uint32_t in) {
  TaskDescriptor task;
  task.kind = TaskKind::kLinear;
  task.linear = {weights, x, nullptr, y, nullptr, in, kRows, in, kRows, LinearInput::kPlain,
                 1e-6F,   0, 0};
  return task;
}

// The body of several tokens, one of them live, in two stretches.
TaskDescriptor batch_linear(Buffers& b) {
  TaskDescriptor task = linear(b.weights.data(), b.x.data(), b.batched.data(), 64);
  task.linear.rows = kBatchRows;
  task.kind = TaskKind::kNormLinear;
  task.linear.input = LinearInput::kNorm;
  task.linear.norm = b.norm.data();
  task.linear.token_tiles = 1;
  return task;
}

TaskDescriptor attention(Buffers& b) {
  TaskDescriptor d;
  d.kind = TaskKind::kAttention;
  AttentionTask& a = d.attention;
  a.qkv = b.qkv.data();
  a.y = b.attended.data();
  a.keys = b.keys.data();
  a.values = b.values.data();
  a.rope = b.rope.data();
  a.qkv_stride = 64;
  a.y_stride = 32;
  a.y_head_stride = 16;
  a.group = 2;
  a.head_dim = 16;
  a.kv_heads = 1;
  a.end_position = 0xffffffffU;
  a.epsilon = 1e-6F;
  return d;
}

// The first two positions, or the others, through pages of four.
TaskDescriptor part_of_attention(Buffers& b, std::uint32_t part) {
  TaskDescriptor d = attention(b);
  d.attention.pages = b.pages.data();
  d.attention.page_shift = 2;
  d.attention.page_stride = 64;
  d.attention.y = b.parts.data() + std::size_t{part} * 18;
  d.attention.y_head_stride = 36;
  d.attention.y_stride = 72;
  d.attention.is_part = 1;
  d.attention.first_position = 2 * part;
  if (part == 0) d.attention.end_position = 2;
  return d;
}

// What the first block does before it publishes what it has put.
std::vector<TaskDescriptor> first_tasks(Buffers& b) {
  TaskDescriptor norm;
  norm.kind = TaskKind::kRmsNorm;
  norm.rmsnorm = {b.x.data(), b.norm.data(), b.normed.data(), kWidth, 0, 1, 1e-6F};
  TaskDescriptor silu;
  silu.kind = TaskKind::kSiluMul;
  silu.silu_mul = {b.normed.data(), b.gated.data(), kWidth, kWidth / 2, kWidth / 2};
  TaskDescriptor merge;
  merge.kind = TaskKind::kAttentionMerge;
  merge.attention_merge = {b.parts.data(), b.attended.data(), 72, 32, 2, 16, 2, 0};
  TaskDescriptor put;
  put.kind = TaskKind::kPut;
  put.put.from[0] = reinterpret_cast<const std::uint32_t*>(b.between.data());
  put.put.to[0] = reinterpret_cast<std::uint32_t*>(b.arrived.data());
  put.put.tensors = 1;
  put.put.stride = 32;
  put.put.width = 32;
  return {norm,
          silu,
          attention(b),
          part_of_attention(b, 0),
          part_of_attention(b, 1),
          merge,
          linear(b.weights.data(), b.normed.data(), b.between.data(), kWidth),
          put};
}

std::vector<TaskDescriptor> second_tasks(Buffers& b) {
  TaskDescriptor partial;
  partial.kind = TaskKind::kArgmaxPartial;
  partial.argmax_partial = {b.y.data(), b.best.data(), b.best_index, kRows, 1, kRows, 0};
  TaskDescriptor reduce;
  reduce.kind = TaskKind::kArgmaxReduce;
  reduce.argmax_reduce =
      ArgmaxReduceTask::of_one(b.best.data(), b.best_index, b.token.data(), 1, 1, 0, 1);
  TaskDescriptor add;
  add.kind = TaskKind::kReduce;
  add.reduce.parts[0] = b.arrived.data();
  add.reduce.parts[1] = b.x.data();
  add.reduce.y = b.sum.data();
  add.reduce.devices = 2;
  add.reduce.part_stride = 32;
  add.reduce.y_stride = 32;
  add.reduce.width = 32;
  // Last, in the block that nobody waits for: with a bug its threads may wait for each other, which
  // is seen only where no other block polls.
  return {add, linear(b.more_weights.data(), b.sum.data(), b.y.data(), 32), partial, reduce,
          batch_linear(b)};
}

void publish(Careless& c, Buffers& buffers, Bug bug) {
  if (bug != Bug::kUnsyncedPublish) c.really_sync();
  if (c.thread() != 0) return;
  buffers.event.fetch_add(
      1, bug == Bug::kRelaxedPublish ? std::memory_order_relaxed : std::memory_order_acq_rel);
}

void await(Careless& c, Buffers& buffers) {
  if (c.thread() == 0) {
    while (buffers.event.load(std::memory_order_relaxed) == 0) c.yield();
    buffers.event.load(std::memory_order_acquire);
  }
  c.really_sync();
}

std::string run(Buffers& buffers, Bug bug, std::uint64_t seed) {
  FiberGrid grid({.blocks = 2,
                  .warps = Shape::kWarps,
                  .shared_bytes = SharedMemory<Shape>::kFixedBytes + kWorkBytes,
                  .fixed_bytes = SharedMemory<Shape>::kFixedBytes,
                  .seed = seed});
  const std::vector<TaskDescriptor> first = first_tasks(buffers);
  const std::vector<TaskDescriptor> second = second_tasks(buffers);
  return grid.run([&](FiberContext& plain) {
    Careless c(plain, bug);
    init_shared<Shape>(plain);
    WarpStream stream;
    if (c.block() == 1) await(c, buffers);
    for (const TaskDescriptor& task : c.block() == 0 ? first : second) {
      if (bug == Bug::kEarlyFlag && task.kind == TaskKind::kPut) publish(c, buffers, bug);
      run_body<Shape>(c, stream, task, {1, 0, 1, 3});
      if (&task != &first.back()) c.really_sync();
    }
    if (c.block() == 0 && bug != Bug::kEarlyFlag) publish(c, buffers, bug);
  });
}

constexpr std::pair<std::string_view, Bug> kBugs[] = {{"none", Bug::kNone},
                                                      {"missing_wait", Bug::kMissingWait},
                                                      {"early_release", Bug::kEarlyRelease},
                                                      {"missing_sync", Bug::kMissingSync},
                                                      {"relaxed_publish", Bug::kRelaxedPublish},
                                                      {"unsynced_publish", Bug::kUnsyncedPublish},
                                                      {"early_flag", Bug::kEarlyFlag}};

}  // namespace
}  // namespace mk::cuda::test

int main(int argc, char** argv) {
  using namespace mk::cuda::test;
  for (const auto& [name, bug] : kBugs) {
    if (argc != 2 || name != argv[1]) continue;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Buffers buffers;
      const std::string fault = run(buffers, bug, seed);
      if (fault.empty() || bug != Bug::kNone) continue;
      std::printf("%s\n", fault.c_str());
      return 1;
    }
    return 0;
  }
  std::fprintf(stderr, "usage: bodies_under_tsan BUG\n");
  return 2;
}
