#include <atomic>
#include <chrono>
#include <memory>

#include "gpu_backend/host/host_memory.h"
#include "gpu_backend/host/microbench_parts.h"
#include "gpu_backend/host/run_threads.h"
#include "gpu_backend/protocol/ring.h"

namespace mk::microbench {
namespace {

using Clock = std::chrono::steady_clock;
using Counter = std::atomic<std::uint32_t>;
constexpr std::uint32_t kSpinTurns = 1U << 14;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

void await_at_least(const Counter& counter, std::uint32_t value) {
  for (std::uint32_t turn = 0;
       static_cast<std::int32_t>(counter.load(std::memory_order_acquire) - value) < 0; ++turn) {
    HostMemory::pause(turn, kSpinTurns);
  }
}

// Runs `body(core)` on two pinned cores that have met before.
template <typename Body>
void on_two_cores(Body&& body) {
  HostRunOptions threads;
  threads.roles = {2, 0};
  RunRows rows;
  rows.lanes.resize(2);
  run_threads(threads, rows, body);
}

struct alignas(128) Line {
  Counter counter{0};
};

struct TestRing {
  explicit TestRing(std::uint32_t capacity) : slots(capacity) {
    ring = {slots.data(), &head.counter, &tail.counter, capacity - 1, 0};
    while ((1U << ring.shift) < capacity) ++ring.shift;
  }
  Line head{};
  Line tail{};
  std::vector<std::atomic<std::uint64_t>> slots;
  protocol::Ring<HostMemory> ring{};
};

}  // namespace

Samples add_own(std::uint32_t repetitions) {
  constexpr std::uint32_t kAdds = 20'000;
  Line line;
  Samples samples;
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    const Clock::time_point start = Clock::now();
    for (std::uint32_t i = 0; i < kAdds; ++i) HostMemory::add_acq_rel(line.counter, 1U);
    samples.push_back(microseconds_since(start) / kAdds);
  }
  return samples;
}

// Two cores take turns; half a round trip is one hand-off.
Samples hand_off(bool by_add, std::uint32_t repetitions) {
  constexpr std::uint32_t kTrips = 2'000;
  const auto lines = std::make_unique<Line[]>(2);
  Samples samples;
  const auto raise = [by_add](Counter& counter, std::uint32_t value) {
    if (by_add) {
      HostMemory::add_acq_rel(counter, 1U);
    } else {
      HostMemory::store_release(counter, value);
    }
  };
  on_two_cores([&](std::uint32_t core) {
    std::uint32_t trip = 0;
    for (std::uint32_t r = 0; r < repetitions; ++r) {
      const Clock::time_point start = Clock::now();
      for (const std::uint32_t end = trip + kTrips; trip < end;) {
        ++trip;
        if (core == 0) raise(lines[0].counter, trip);
        await_at_least(lines[core == 0 ? 1 : 0].counter, trip);
        if (core == 1) raise(lines[1].counter, trip);
      }
      if (core == 0) samples.push_back(microseconds_since(start) / (2 * kTrips));
    }
  });
  return samples;
}

Samples add_contended(std::uint32_t repetitions) {
  constexpr std::uint32_t kAdds = 20'000;
  const auto lines = std::make_unique<Line[]>(2);  // the counter, and where the two meet
  Samples samples;
  on_two_cores([&](std::uint32_t core) {
    for (std::uint32_t r = 0; r < repetitions; ++r) {
      lines[1].counter.fetch_add(1);
      await_at_least(lines[1].counter, 2 * r + 2);
      const Clock::time_point start = Clock::now();
      for (std::uint32_t i = 0; i < kAdds; ++i) HostMemory::add_acq_rel(lines[0].counter, 1U);
      if (core == 0) samples.push_back(microseconds_since(start) / kAdds);
    }
  });
  return samples;
}

Samples poll_turn(std::uint32_t repetitions) {
  constexpr std::uint32_t kTurns = 5'000;
  Line line;
  Samples samples;
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    const Clock::time_point start = Clock::now();
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      if (HostMemory::load_relaxed(line.counter) != 0) break;
      HostMemory::pause(turn, kSpinTurns);
    }
    samples.push_back(microseconds_since(start) / kTurns);
  }
  return samples;
}

QueueSamples queues(std::uint32_t repetitions) {
  constexpr std::uint32_t kItems = 1024;
  constexpr std::uint32_t kRounds = 16;
  TestRing single(kItems);
  TestRing shared(kItems);
  protocol::RingProducer<HostMemory> producer;
  protocol::RingConsumer<HostMemory> consumer;
  protocol::RingConsumer<HostMemory> shared_consumer;
  protocol::Item batch[16];
  QueueSamples samples;
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    double put = 0;
    double take = 0;
    double event_put = 0;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      Clock::time_point start = Clock::now();
      for (std::uint32_t i = 0; i < kItems; ++i) {
        producer.stage(single.ring, {i, round});
        if (producer.staged() == 8) producer.publish(single.ring);
      }
      put += microseconds_since(start);
      start = Clock::now();
      while (consumer.pop(single.ring, batch, 16) != 0) {
      }
      take += microseconds_since(start);
      start = Clock::now();
      for (std::uint32_t i = 0; i < kItems; ++i) push_shared(shared.ring, {i, round});
      event_put += microseconds_since(start);
      while (shared_consumer.pop(shared.ring, batch, 16) != 0) {
      }
    }
    samples.put.push_back(put / (kItems * kRounds));
    samples.take.push_back(take / (kItems * kRounds));
    samples.event_put.push_back(event_put / (kItems * kRounds));
  }
  return samples;
}

}  // namespace mk::microbench
