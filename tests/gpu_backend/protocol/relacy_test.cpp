// The protocol under Relacy: 100,000 random executions of each of its parts, and the same with
// planted ordering bugs, each of which must be found.
#include <gmock/gmock.h>

#include <cstdlib>
#include <iostream>

#include "tests/gpu_backend/protocol/mini_launch.h"

#include "tests/gpu_backend/protocol/relacy_memory.h"

namespace mk::protocol::testing {
namespace {

constexpr std::uint32_t kExecutions = 100'000;

// RELACY_TRACE=1 in the environment prints the execution that failed. (Relacy replaces operator new
// while it runs, so its output cannot be kept in a string.)
template <typename Suite>
rl::test_result_e explore() {
  std::ostream output(std::getenv("RELACY_TRACE") != nullptr ? std::cout.rdbuf() : nullptr);
  rl::test_params parameters;
  parameters.iteration_count = kExecutions;
  parameters.search_type = rl::random_scheduler_type;
  parameters.execution_depth_limit = 20'000;
  parameters.output_stream = &output;
  parameters.progress_stream = &output;
  rl::simulate<Suite>(parameters);
  return parameters.test_result;
}

// One producer, one consumer. A payload cell is used again as soon as its slot is free, so that
// both directions of the ring have to order memory.
template <PlantedBug kBug>
struct SingleProducerSuite : rl::test_suite<SingleProducerSuite<kBug>, 2> {
  using M = RelacyMemory<kBug>;
  static constexpr std::uint32_t kItems = 6;
  static constexpr std::uint32_t kCapacity = 2;

  rl::atomic<std::uint64_t> slots[kCapacity];
  rl::atomic<std::uint32_t> head;
  rl::var<std::uint32_t> payload[kCapacity];
  Ring<M> ring{};

  void before() {
    for (auto& slot : slots) M::store_relaxed(slot, std::uint64_t{0});
    M::store_relaxed(head, 0U);
    ring = {slots, &head, nullptr, kCapacity - 1, 1};
  }
  void thread(unsigned index) { index == 0 ? produce() : consume(); }

  void produce() {
    RingProducer<M> producer;
    for (std::uint32_t i = 0; i < kItems; ++i) {
      while (!producer.stage(ring, {i, 7})) {
        producer.publish(ring);
        M::pause(0, 0);
      }
      M::write(payload[i % kCapacity], i + 100);
      if (i % 3 != 0) producer.publish(ring);
    }
    producer.publish(ring);
  }
  // Reads the payload before it gives the slot back: one item at a time.
  void consume() {
    std::uint32_t position = 0;
    while (position < kItems) {
      const std::uint64_t word = M::load_acquire(slots[position % kCapacity]);
      if (!ring.is_filled(position, word)) {
        M::pause(0, 0);
        continue;
      }
      RL_ASSERT(item_of(word).id == position && item_of(word).iteration == 7);
      RL_ASSERT(M::read(payload[position % kCapacity]) == position + 100);
      M::store_release(head, ++position);
    }
  }
};

// Two producers push payloads of their own; the consumer takes them in batches.
template <PlantedBug kBug>
struct SharedRingSuite : rl::test_suite<SharedRingSuite<kBug>, 3> {
  using M = RelacyMemory<kBug>;
  static constexpr std::uint32_t kEach = 3;

  RingCells<M> cells;
  rl::var<std::uint32_t> payload[2 * kEach];
  Ring<M> ring{};

  void before() { ring = cells.start(); }
  void thread(unsigned index) { index < 2 ? produce(index) : consume(); }

  void produce(unsigned index) {
    for (std::uint32_t i = 0; i < kEach; ++i) {
      const std::uint32_t id = index * kEach + i;
      M::write(payload[id], id + 100);
      RL_ASSERT(push_shared(ring, {id, 0}));
    }
  }
  void consume() {
    RingConsumer<M> consumer;
    Item items[4];
    std::uint32_t next_of[2] = {0, kEach};
    for (std::uint32_t taken = 0; taken < 2 * kEach;) {
      const std::uint32_t got = consumer.pop(ring, items, 4);
      if (got == 0) M::pause(0, 0);
      for (std::uint32_t i = 0; i < got; ++i) {
        RL_ASSERT(M::read(payload[items[i].id]) == items[i].id + 100);
        RL_ASSERT(items[i].id == next_of[items[i].id / kEach]++);  // each producer's order holds
      }
      taken += got;
    }
  }
};

// The whole protocol: queues, counters, hand-off, iteration boundary, termination.
template <PlantedBug kBug, PolicyKind kPolicy, std::uint32_t kSchedulers>
struct RunSuite : rl::test_suite<RunSuite<kBug, kPolicy, kSchedulers>, kWorkers + kSchedulers> {
  MiniLaunch<RelacyMemory<kBug>> launch{kPolicy, kSchedulers};

  void before() { launch.start(); }
  void thread(unsigned index) { launch.run(index); }
  void after() {
    RL_ASSERT(launch.halt() == Halt::kDone);
    RL_ASSERT(launch.program().result() == mini_result());
  }
};

TEST(RingUnderRelacy, OneProducerNeverLosesDoublesOrRaces) {
  EXPECT_EQ(explore<SingleProducerSuite<PlantedBug::kNone>>(), rl::test_result_success);
}

TEST(RingUnderRelacy, OneProducerNeedsReleaseAndAcquire) {
  EXPECT_EQ(explore<SingleProducerSuite<PlantedBug::kRelaxedStore>>(), rl::test_result_data_race);
  EXPECT_EQ(explore<SingleProducerSuite<PlantedBug::kRelaxedLoad>>(), rl::test_result_data_race);
}

TEST(RingUnderRelacy, ManyProducersNeverLoseDoubleOrRace) {
  EXPECT_EQ(explore<SharedRingSuite<PlantedBug::kNone>>(), rl::test_result_success);
}

TEST(RingUnderRelacy, ManyProducersNeedReleaseAndAcquire) {
  EXPECT_EQ(explore<SharedRingSuite<PlantedBug::kRelaxedStore>>(), rl::test_result_data_race);
  EXPECT_EQ(explore<SharedRingSuite<PlantedBug::kRelaxedLoad>>(), rl::test_result_data_race);
}

TEST(RunUnderRelacy, JitWithASchedulerIsRight) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kJit, 1>>()), rl::test_result_success);
}

TEST(RunUnderRelacy, JitWithoutSchedulersIsRight) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kJit, 0>>()), rl::test_result_success);
}

TEST(RunUnderRelacy, AotIsRight) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kAot, 1>>()), rl::test_result_success);
}

TEST(RunUnderRelacy, StaticIsRight) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kStatic, 0>>()),
            rl::test_result_success);
}

TEST(RunUnderRelacy, ArrivalsMustAcquireAndRelease) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedArrival, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kReleaseOnlyArrival, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedArrival, PolicyKind::kStatic, 0>>()),
            rl::test_result_data_race);
}

TEST(RunUnderRelacy, QueuesAndWaitsMustPublishAndAcquire) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedStore, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedLoad, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedLoad, PolicyKind::kStatic, 0>>()),
            rl::test_result_data_race);
}

}  // namespace
}  // namespace mk::protocol::testing
