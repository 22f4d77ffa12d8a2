// The microbenchmark's kernels: parameters and results, as host code sees them. Each kernel does
// one thing many times; whoever launches it (lab.h) turns what it wrote into samples.
//
// Launched with a block an SM at most, so that all blocks run at once and may wait for each other.
// Every wait goes through a Guard: past its limit all blocks leave and `late` says so.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/decode_state.h"
#include "gpu_backend/cuda/device_memory.h"
#include "gpu_backend/cuda/task_descriptor.h"
#include "gpu_backend/protocol/launch.h"

namespace mk::cuda::microbench {

using Word = DeviceCell<std::uint32_t>;
using WideWord = DeviceCell<std::uint64_t>;
using DeviceRing = protocol::Ring<DeviceMemory>;

inline constexpr std::uint32_t kLineWords = 32;  // 128 bytes: words that must not share a line

struct Guard {
  Word* late = nullptr;
  std::uint64_t limit_ns = 2'000'000'000;
};

// The same span by an SM's own clock and by the device's.
struct Span {
  std::uint64_t cycles = 0;
  std::uint64_t ns = 0;
};

// clock_kernel: a block's clocks over `run_ns`.
struct ClockRow {
  std::uint32_t sm = 0;
  std::uint32_t step_ns = 0;  // the smallest that the device's clock was seen to make
  Span span{};
};
struct ClockArgs {
  ClockRow* rows = nullptr;  // a block
  std::uint64_t run_ns = 0;
};

// offset_kernel: block 0 asks each other block for the device's time, `rounds` times.
struct OffsetRow {
  std::uint32_t sm = 0;
  std::int32_t offset_ns = 0;  // its time less the middle of question and answer, of the
  std::uint32_t round_ns = 0;  // quickest round
};
struct OffsetArgs {
  Guard guard{};
  WideWord* questions = nullptr;  // a line a block
  WideWord* answers = nullptr;
  OffsetRow* rows = nullptr;  // a block
  std::uint32_t rounds = 0;
};

// pass_kernel: blocks `first` and `partner` hand a flag to and fro.
struct PassArgs {
  Guard guard{};
  Word* flags = nullptr;  // two lines
  float* data = nullptr;  // of each side one word a thread, where with_data
  Span* span = nullptr;   // of `rounds` rounds, each two hand-offs
  Word* wrong = nullptr;  // words of data that were not the round's
  std::uint32_t first = 0;
  std::uint32_t partner = 1;
  std::uint32_t rounds = 0;
  std::uint32_t sleep_ns = 0;   // of a waiting thread's turn
  std::uint32_t by_add = 0;     // raised by atomic addition, else by a store
  std::uint32_t with_data = 0;  // all threads store before and load after
};

// add_kernel: `producers` blocks add to one counter, each waits for its answer.
struct AddArgs {
  Guard guard{};
  Word* counter = nullptr;
  Word* ready = nullptr;
  Span* spans = nullptr;  // a block
  std::uint32_t producers = 1;
  std::uint32_t adds = 0;
};

// notify_kernel: one block; all threads store, then one thread adds. Cycles of the addition alone.
struct NotifyArgs {
  Word* counter = nullptr;
  float* data = nullptr;            // a word a thread
  std::uint64_t* cycles = nullptr;  // of all additions
  Span* span = nullptr;
  std::uint32_t rounds = 0;
  std::uint32_t stores = 0;
};

// poll_kernel: one thread looks at a word that never changes.
struct PollArgs {
  const Word* word = nullptr;
  Span* span = nullptr;
  std::uint32_t turns = 0;
  std::uint32_t sleep_ns = 0;
};

// mailbox_kernel: one block of the megakernel's shape; commands that do nothing.
struct MailboxArgs {
  Span* span = nullptr;
  std::uint32_t rounds = 0;
};

// chase_kernel: loads that depend on each other, around a cycle of indices.
struct ChaseArgs {
  const std::uint32_t* next = nullptr;
  Span* span = nullptr;
  std::uint32_t* last = nullptr;
  std::uint32_t start = 0;  // where the chase begins
  std::uint32_t steps = 0;
};

// line_kernel: one thread of block `block`; the latency of one load of each line.
struct LineArgs {
  const Word* lines = nullptr;      // zeros
  std::uint32_t* cycles = nullptr;  // a line
  Span* span = nullptr;
  std::uint32_t count = 0;
  std::uint32_t block = 0;
};

// push_kernel: `producers` blocks push events into one ring, one more block takes them.
struct PushArgs {
  Guard guard{};
  DeviceRing ring{};
  Word* ready = nullptr;
  Span* spans = nullptr;  // a block
  std::uint32_t producers = 1;
  std::uint32_t pushes = 0;  // a producer
};

// queue_kernel: one thread fills a ring by batches and empties it; turns on an empty ring; loads of
// task and event words and of descriptors.
struct QueueArgs {
  DeviceRing ring{};
  const TaskDescriptor* descriptors = nullptr;
  const protocol::TaskWord* words = nullptr;
  Span* spans = nullptr;         // by QueueSpan, of `items` each
  std::uint32_t* sum = nullptr;  // of what was loaded: 0
  std::uint32_t items = 0;
};
enum QueueSpan : std::uint32_t { kPut, kTake, kEmptyPop, kWord, kDescriptor, kQueueSpans };

// ring_pass_kernel: two blocks hand an item to and fro through two rings.
struct RingPassArgs {
  Guard guard{};
  DeviceRing rings[2]{};
  Span* span = nullptr;
  std::uint32_t partner = 1;
  std::uint32_t rounds = 0;
};

// read_kernel: each of the first `active` blocks reads its own `bytes_a_block` by bulk copies.
struct ReadRow {
  std::uint32_t sm = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
};
struct ReadArgs {
  Guard guard{};
  const unsigned char* from = nullptr;
  Word* ready = nullptr;
  ReadRow* rows = nullptr;  // a block
  std::uint64_t bytes_a_block = 0;
  std::uint64_t stride = 0;  // from one block's bytes to the next's; 0: all read the same
  std::uint32_t rounds = 1;  // times that the bytes are read
  std::uint32_t active = 0;
  std::uint32_t warps = 1;   // that request
  std::uint32_t stages = 1;  // of each, in flight
  std::uint32_t chunk_bytes = 0;
};

// copy_kernel: one warp, one copy of a chunk at a time, each of bytes not read before.
struct CopyArgs {
  const unsigned char* from = nullptr;
  std::uint32_t* cycles = nullptr;  // a copy
  Span* span = nullptr;
  std::uint64_t stride = 0;
  std::uint32_t copies = 0;
  std::uint32_t chunk_bytes = 0;
};

// mark_kernel: when its first and last blocks began and ended, by the device's clock.
struct MarkRow {
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
};
struct MarkArgs {
  MarkRow* rows = nullptr;  // a block
  std::uint32_t run_ns = 0;
  std::uint32_t waits_for_previous = 0;  // programmatic dependent launch
};

// body_kernel: the first `active` blocks run `count` task bodies each, alone on their SM.
struct BodyRow {
  std::uint32_t total = 0;         // cycles since the body began
  std::uint32_t first_landed = 0;  // the first chunk of weights could be used; 0: it has none
  std::uint32_t last_landed = 0;
};
struct BodyArgs {
  Guard guard{};
  const TaskDescriptor* tasks = nullptr;  // [active][count]
  BodyRow* rows = nullptr;                // as tasks
  Span* spans = nullptr;                  // a block
  std::uint32_t* sms = nullptr;           // a block
  Word* ready = nullptr;
  StepRow step{};
  std::uint32_t active = 1;
  std::uint32_t count = 0;
  std::uint32_t work_bytes = 0;
  bool in_step = false;  // each body begins when all blocks have ended the one before
};

// Kernel symbols for the CUDA runtime.
const void* clock_symbol();
const void* offset_symbol();
const void* pass_symbol();
const void* add_symbol();
const void* notify_symbol();
const void* poll_symbol();
const void* mailbox_symbol();
const void* chase_symbol();
const void* line_symbol();
const void* push_symbol();
const void* queue_symbol();
const void* ring_pass_symbol();
const void* read_symbol();
const void* copy_symbol();
const void* mark_symbol();
const void* body_symbol();        // totals only
const void* timed_body_symbol();  // when copies land, too: longer

}  // namespace mk::cuda::microbench
