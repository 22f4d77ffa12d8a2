#include "tests/gpu_backend/cuda/fiber_block.h"

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#include "tests/gpu_backend/cuda/race_checker.h"

namespace mk::cuda::test {

// AddressSanitizer must know which stack is in use.
struct StackSwitch {
  void* fake = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
};

struct Fiber {
  ucontext_t context{};
  std::unique_ptr<char[]> stack{};
  StackSwitch sanitizer{};
  CheckedThread thread{};
  FiberGrid* grid = nullptr;
  std::function<void()> body{};
  bool done = false;
};

struct FiberGrid::SchedulerContext {
  ucontext_t context{};
  CheckedThread thread = CheckedThread::current();
  StackSwitch sanitizer{};
};

struct FiberGrid::PendingCopy {
  unsigned char* to = nullptr;
  const unsigned char* from = nullptr;
  std::uint32_t to_stride = 0;
  std::uint32_t from_stride = 0;
  std::uint32_t rows = 0;
  std::uint32_t bytes = 0;  // of a row
  CopyBarrier* barrier = nullptr;
  std::uint32_t steps = 0;
  std::unique_ptr<char> issued{};  // race_checker.h
};

namespace {

constexpr std::size_t kStackBytes = 64 << 10;
constexpr std::uint64_t kShortCopy = 8;  // scheduler steps
constexpr std::uint64_t kLongCopy = 200;

void leave_stack([[maybe_unused]] StackSwitch* from, [[maybe_unused]] const StackSwitch& to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(from != nullptr ? &from->fake : nullptr, to.bottom, to.size);
#endif
}

void enter_stack([[maybe_unused]] StackSwitch& self, [[maybe_unused]] StackSwitch* came_from) {
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(self.fake, &bottom, &size);
  if (came_from != nullptr) *came_from = {came_from->fake, bottom, size};
#endif
}

}  // namespace

struct FiberEntry {
  static void prepare(Fiber& fiber) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    const auto address = reinterpret_cast<std::uintptr_t>(&fiber);
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&FiberEntry::start), 2,
                static_cast<unsigned>(address), static_cast<unsigned>(address >> 32));
  }

  // makecontext passes ints only.
  static void start(unsigned low, unsigned high) {
    auto* fiber = reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32 | low);
    FiberGrid& grid = *fiber->grid;
    enter_stack(fiber->sanitizer, &grid.scheduler_->sanitizer);
    fiber->body();
    release_order(&grid.ended_);
    FiberGrid::SchedulerContext* scheduler = nullptr;
    CheckedThread thread;
    {
      const Unchecked bookkeeping;
      fiber->done = true;
      --grid.running_;
      scheduler = grid.scheduler_.get();
      thread = scheduler->thread;
    }
    thread.switch_to();
    leave_stack(nullptr, scheduler->sanitizer);
    swapcontext(&fiber->context, &scheduler->context);
  }
};

FiberGrid::FiberGrid(const Options& options)
    : random_(options.seed),
      input_comes_(options.input_comes),
      is_over_(options.is_over),
      scheduler_(std::make_unique<SchedulerContext>()) {
  for (std::uint32_t b = 0; b < options.blocks; ++b) {
    auto block = std::make_unique<FiberBlockState>();
    block->number = b;
    block->storage = std::make_unique<unsigned char[]>(options.shared_bytes + 128);
    std::memset(block->storage.get(), 0xff, options.shared_bytes + 128);
    const auto address = reinterpret_cast<std::uintptr_t>(block->storage.get());
    block->shared = block->storage.get() + (128 - address % 128) % 128;
    block->work_bytes = static_cast<std::uint32_t>(options.shared_bytes - options.fixed_bytes);
    block->barrier.expected = options.warps * 32;
    block->warps.resize(options.warps);
    for (FiberWarp& warp : block->warps) {
      warp.barrier.expected = 32;
      warp.exchanges.expected = 32;
    }
    blocks_.push_back(std::move(block));
  }
}

FiberGrid::~FiberGrid() = default;

std::string FiberGrid::run(const std::function<void(FiberContext&)>& body) {
  const Unchecked bookkeeping;
  for (auto& block : blocks_) {
    for (std::uint32_t thread = 0; thread < block->barrier.expected; ++thread) {
      auto fiber = std::make_unique<Fiber>();
      fiber->grid = this;
      fiber->thread = CheckedThread::make();
      fiber->stack = std::make_unique<char[]>(kStackBytes);
      fiber->sanitizer = {nullptr, fiber->stack.get(), kStackBytes};
      fiber->body = [this, &body, state = block.get(), thread] {
        FiberContext context(*this, *state, thread);
        body(context);
      };
      FiberEntry::prepare(*fiber);
      ready_.push_back(fiber.get());
      fibers_.push_back(std::move(fiber));
    }
  }
  running_ = fibers_.size();
  while (running_ > 0 && fault_.empty()) {
    land_copies();
    if (ready_.empty()) {
      if (copies_.empty()) fail("deadlock: every thread waits");
      continue;
    }
    std::swap(ready_[random_() % ready_.size()], ready_.back());
    Fiber* const next = ready_.back();
    ready_.pop_back();
    resume(*next);
  }
  if (fault_.empty() && !copies_.empty()) fail("a copy is in flight at the end");
  acquire_order(&ended_);
  for (const auto& fiber : fibers_) fiber->thread.destroy();
  return fault_;
}

void FiberGrid::resume(Fiber& fiber) {
  current_ = &fiber;
  fiber.thread.switch_to();
  leave_stack(&scheduler_->sanitizer, fiber.sanitizer);
  swapcontext(&scheduler_->context, &fiber.context);
  enter_stack(scheduler_->sanitizer, nullptr);
}

void FiberGrid::switch_to_scheduler() {
  Fiber& self = *current_;
  scheduler_->thread.switch_to();
  leave_stack(&self.sanitizer, scheduler_->sanitizer);
  swapcontext(&self.context, &scheduler_->context);
  enter_stack(self.sanitizer, &scheduler_->sanitizer);
}

void FiberGrid::park(std::vector<Fiber*>& list) {
  list.push_back(current_);
  switch_to_scheduler();
}

void FiberGrid::wake(std::vector<Fiber*>& list) {
  ready_.insert(ready_.end(), list.begin(), list.end());
  list.clear();
}

// The fiber that fails never runs again.
void FiberGrid::fail(std::string what) {
  if (fault_.empty()) fault_ = std::move(what);
}

void FiberGrid::wait_on(FiberBarrier& barrier, bool orders_memory) {
  const Unchecked bookkeeping;
  char* const order = &barrier.order[barrier.generation % 2];
  if (orders_memory) release_order(order);
  if (++barrier.arrived < barrier.expected) {
    park(barrier.waiting);
  } else {
    barrier.arrived = 0;
    ++barrier.generation;
    wake(barrier.waiting);
    if (random_() % 2 == 0) park(ready_);
  }
  if (orders_memory) acquire_order(order);
}

void FiberGrid::land_copies() {
  for (std::size_t i = 0; i < copies_.size();) {
    PendingCopy& copy = copies_[i];
    if (--copy.steps > 0) {
      ++i;
      continue;
    }
    copy.barrier->order.resize(copy.barrier->phase + 1);
    for (std::uint32_t r = 0; r < copy.rows; ++r) {
      unsigned char* const to = copy.to + std::size_t{r} * copy.to_stride;
      const unsigned char* const from = copy.from + std::size_t{r} * copy.from_stride;
      std::memcpy(to, from, copy.bytes);
      check_copy({to, from, copy.bytes}, copy.issued.get(),
                 &copy.barrier->order[copy.barrier->phase]);
    }
    ++copy.barrier->phase;
    copy.barrier->in_flight = false;
    wake(copy.barrier->waiting);
    copy = std::move(copies_.back());
    copies_.pop_back();
  }
}

void FiberContext::sync() { grid_.wait_on(block_.barrier, true); }
void FiberContext::warp_sync() { grid_.wait_on(block_.warps[warp()].barrier, true); }
void FiberContext::yield() {
  const Unchecked bookkeeping;
  grid_.park(grid_.ready_);
}

// Two buffers in turn: nobody can be two exchanges ahead of a lane that still reads.
const FiberContext::Words* FiberContext::exchange(const std::uint32_t* words, std::uint32_t count) {
  Words* const all = block_.warps[warp()].exchange[exchanges_++ % 2];
  std::copy_n(words, count, all[lane()]);
  grid_.wait_on(block_.warps[warp()].exchanges, false);
  return all;
}

std::uint32_t FiberContext::shuffle_xor(std::uint32_t value, std::uint32_t mask) {
  const Unchecked bookkeeping;
  return exchange(&value, 1)[lane() ^ mask][0];
}

float FiberContext::shuffle_xor(float value, std::uint32_t mask) {
  return bits_to_float(shuffle_xor(float_to_bits(value), mask));
}

float FiberContext::sum(float value, std::uint32_t width) {
  const Unchecked bookkeeping;
  const std::uint32_t mine = float_to_bits(value);
  const Words* const words = exchange(&mine, 1);
  float level[32];
  float next[32];
  for (std::uint32_t i = 0; i < 32; ++i) level[i] = bits_to_float(words[i][0]);
  for (std::uint32_t mask = width / 2; mask > 0; mask /= 2) {
    for (std::uint32_t i = 0; i < 32; ++i) next[i] = level[i] + level[i ^ mask];
    std::memcpy(level, next, sizeof level);
  }
  return level[lane()];
}

void FiberContext::init_barrier(std::uint64_t* barrier) {
  const Unchecked bookkeeping;
  if (!block_.copy_barriers.emplace(barrier, CopyBarrier{}).second) {
    grid_.fail("a barrier is initialised twice");
  }
}

void FiberContext::copy_rows(void* to, std::uint32_t to_stride, const void* from,
                             std::uint32_t from_stride, std::uint32_t rows, std::uint32_t bytes,
                             std::uint64_t* barrier) {
  if (lane() != 0) return;
  auto* const target = static_cast<unsigned char*>(to);
  for (std::uint32_t r = 0; r < rows; ++r) {
    check_write(target + std::size_t{r} * to_stride, bytes);  // from now on, until it has landed
  }
  const Unchecked bookkeeping;
  const auto found = block_.copy_barriers.find(barrier);
  const std::uint64_t all_of_it = reinterpret_cast<std::uintptr_t>(to) |
                                  reinterpret_cast<std::uintptr_t>(from) | bytes | to_stride |
                                  (rows > 1 ? from_stride : 0);
  const bool is_aligned = all_of_it % 16 == 0;
  const bool is_something = bytes != 0 && rows != 0 && rows <= 8;
  if (found == block_.copy_barriers.end() || !is_aligned || !is_something ||
      found->second.in_flight) {
    grid_.fail(!is_aligned     ? "a misaligned copy"
               : !is_something ? "a copy of nothing, or of more than eight rows"
                               : "a copy on a barrier that is not free");
    grid_.park(grid_.never_);
  }
  for (std::uint32_t r = 0; r < rows; ++r) {
    std::memset(target + std::size_t{r} * to_stride, 0xff, bytes);
  }
  found->second.in_flight = true;
  const std::uint64_t longest = grid_.random_() % 2 == 0 ? kShortCopy : kLongCopy;
  const auto steps = static_cast<std::uint32_t>(1 + grid_.random_() % longest);
  auto issued = std::make_unique<char>();
  release_order(issued.get());
  grid_.copies_.push_back({target, static_cast<const unsigned char*>(from), to_stride, from_stride,
                           rows, bytes, &found->second, steps, std::move(issued)});
}

namespace {

float half_of(std::uint32_t word, std::uint32_t k) {
  return k % 2 == 0 ? low_float(word) : high_float(word);
}

float towards_zero(double exact) {
  const auto nearest = static_cast<float>(exact);
  return std::abs(double{nearest}) > std::abs(exact) ? std::nextafter(nearest, 0.0F) : nearest;
}

}  // namespace

void FiberContext::mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  const Unchecked bookkeeping;
  const std::uint32_t mine[] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const Words* const words = exchange(mine, 6);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::uint32_t row = lane() / 4;  // of its half
    const std::uint32_t column = lane() % 4 * 2 + i % 2;
    double sum = c[i];
    for (std::uint32_t k = 0; k < 16; ++k) {
      const std::uint32_t t = k % 8 / 2;
      const float left = half_of(words[row * 4 + t][i / 2 + k / 8 * 2], k);
      const float right = half_of(words[column * 4 + t][4 + k / 8], k);
      sum += double{left} * double{right};
    }
    c[i] = towards_zero(sum);
  }
}

void FiberContext::prefetch(const void* from, std::uint32_t bytes) {
  if ((reinterpret_cast<std::uintptr_t>(from) | bytes) % 16 == 0 && bytes != 0) return;
  grid_.fail("a misaligned hint");
  grid_.park(grid_.never_);
}

void FiberContext::wait(std::uint64_t* barrier, std::uint32_t parity) {
  const Unchecked bookkeeping;
  CopyBarrier& state = block_.copy_barriers[barrier];
  while ((state.phase & 1U) == parity) grid_.park(state.waiting);
  acquire_order(&state.order[state.phase - 1]);
}

bool FiberContext::await_input() { return !grid_.is_over_; }

bool FiberContext::wait_unless_input(std::uint64_t* barrier, std::uint32_t parity) {
  const Unchecked bookkeeping;
  for (;;) {
    if (grid_.input_comes_ && grid_.random_() % 64 == 0) block_.has_input = true;
    CopyBarrier* const state = barrier != nullptr ? &block_.copy_barriers[barrier] : nullptr;
    const bool has_landed = state == nullptr || (state->phase & 1U) != parity;
    const std::uint32_t mine = block_.has_input ? 1 : has_landed ? 2 : 0;
    const std::uint32_t seen = exchange(&mine, 1)[0][0];  // the first lane's
    if (seen == 2 && state != nullptr) acquire_order(&state->order[state->phase - 1]);
    if (seen != 0) return seen == 2;
    grid_.park(grid_.ready_);
  }
}

}  // namespace mk::cuda::test
