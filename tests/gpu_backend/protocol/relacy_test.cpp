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

// One producer, one consumer, more items than slots.
struct SingleProducerSuite : rl::test_suite<SingleProducerSuite, 2> {
  using M = RelacyMemory<PlantedBug::kNone>;
  static constexpr std::uint32_t kItems = 6;
  static constexpr std::uint32_t kCapacity = 2;

  rl::atomic<std::uint64_t> slots[kCapacity];
  rl::atomic<std::uint32_t> head;
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
      if (i % 3 != 0) producer.publish(ring);
    }
    producer.publish(ring);
  }
  void consume() {
    RingConsumer<M> consumer;
    Item items[kCapacity];
    for (std::uint32_t taken = 0; taken < kItems;) {
      const std::uint32_t got = consumer.pop(ring, items, kCapacity);
      if (got == 0) M::pause(0, 0);
      for (std::uint32_t i = 0; i < got; ++i, ++taken) {
        RL_ASSERT(items[i].id == taken && items[i].iteration == 7);
      }
    }
  }
};

// Two producers push, one of them to two rings at once; the consumer takes items in batches.
struct SharedRingSuite : rl::test_suite<SharedRingSuite, 3> {
  using M = RelacyMemory<PlantedBug::kNone>;
  static constexpr std::uint32_t kEach = 3;

  RingCells<M> cells;
  RingCells<M> other_cells;
  Ring<M> rings[2];

  void before() {
    rings[0] = cells.start();
    rings[1] = other_cells.start();
  }
  void thread(unsigned index) {
    if (index == 2) return consume();
    for (std::uint32_t i = 0; i < kEach; ++i) {
      const Item item{index * kEach + i, 0};
      RL_ASSERT(index == 0 ? push_shared(rings[0], item)
                           : push_to_each(rings, 3U, item) == kPushWidth);
    }
  }

  void consume() {
    RingConsumer<M> consumer;
    Item items[4];
    std::uint32_t next_of[2] = {0, kEach};
    for (std::uint32_t taken = 0; taken < 2 * kEach;) {
      const std::uint32_t got = consumer.pop(rings[0], items, 4);
      if (got == 0) M::pause(0, 0);
      for (std::uint32_t i = 0; i < got; ++i) {
        RL_ASSERT(items[i].id == next_of[items[i].id / kEach]++);  // each producer's order holds
      }
      taken += got;
    }
    RingConsumer<M> other;
    for (std::uint32_t i = 0; i < kEach; ++i) {
      while (other.pop(rings[1], items, 1) == 0) M::pause(0, 0);
      RL_ASSERT(items[0].id == kEach + i);
    }
  }
};

// The whole protocol: queues, counters, hand-off, iteration boundary, termination.
template <PlantedBug kBug, PolicyKind kPolicy, std::uint32_t kSchedulers, std::uint32_t kLanes = 1,
          JitPlacement kPlacement = JitPlacement::kInTurn>
struct RunSuite : rl::test_suite<RunSuite<kBug, kPolicy, kSchedulers, kLanes, kPlacement>,
                                 kWorkers + kSchedulers * kLanes> {
  MiniLaunch<RelacyMemory<kBug>> launch{kPolicy, kSchedulers, kLanes, kPlacement};

  void before() { launch.start(); }
  void thread(unsigned index) { launch.run(index); }
  void after() {
    RL_ASSERT(launch.halt() == Halt::kDone);
    RL_ASSERT(launch.program().result() == mini_result());
  }
};

TEST(RingUnderRelacy, OneProducerNeverLosesOrDoubles) {
  EXPECT_EQ(explore<SingleProducerSuite>(), rl::test_result_success);
}

TEST(RingUnderRelacy, ManyProducersNeverLoseOrDouble) {
  EXPECT_EQ(explore<SharedRingSuite>(), rl::test_result_success);
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

TEST(RunUnderRelacy, ASchedulerOfTwoLanesIsRight) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kJit, 1, 2>>()),
            rl::test_result_success);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kNone, PolicyKind::kAot, 1, 2>>()),
            rl::test_result_success);
  EXPECT_EQ(
      (explore<
          RunSuite<PlantedBug::kNone, PolicyKind::kJit, 1, 2, JitPlacement::kShortestQueue>>()),
      rl::test_result_success);
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
  EXPECT_EQ((explore<RunSuite<PlantedBug::kReleaseOnlyArrival, PolicyKind::kStatic, 0>>()),
            rl::test_result_data_race);
}

TEST(RunUnderRelacy, WaitsMustAcquireWhateverBroughtTheTask) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedLoad, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedLoad, PolicyKind::kAot, 1, 2>>()),
            rl::test_result_data_race);
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedLoad, PolicyKind::kStatic, 0>>()),
            rl::test_result_data_race);
}

TEST(RunUnderRelacy, TheEndOfAnIterationIsHandedOverWithRelease) {
  EXPECT_EQ((explore<RunSuite<PlantedBug::kRelaxedStore, PolicyKind::kJit, 1>>()),
            rl::test_result_data_race);
}

}  // namespace
}  // namespace mk::protocol::testing
