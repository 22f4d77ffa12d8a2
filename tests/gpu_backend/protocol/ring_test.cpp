#include "gpu_backend/protocol/ring.h"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "gpu_backend/host/host_memory.h"

namespace mk::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Cells {
  explicit Cells(std::uint32_t shift) : slots(std::size_t{1} << shift) {
    ring = {slots.data(), &head, &tail, (1U << shift) - 1, shift};
  }
  std::vector<std::atomic<std::uint64_t>> slots;
  std::atomic<std::uint32_t> head{};
  std::atomic<std::uint32_t> tail{};
  Ring<HostMemory> ring{};
};

std::vector<std::uint32_t> pop_ids(RingConsumer<HostMemory>& consumer, const Cells& cells,
                                   std::uint32_t room = 16) {
  std::vector<Item> items(room);
  items.resize(consumer.pop(cells.ring, items.data(), room));
  std::vector<std::uint32_t> ids;
  for (const Item& item : items) ids.push_back(item.id);
  return ids;
}

TEST(Ring, HandsOverNothingBeforeItIsPublished) {
  Cells cells(3);
  RingProducer<HostMemory> producer;
  RingConsumer<HostMemory> consumer;

  producer.stage(cells.ring, {1, 0});
  producer.stage(cells.ring, {2, 0});
  EXPECT_THAT(pop_ids(consumer, cells), IsEmpty());
  producer.publish(cells.ring);

  EXPECT_THAT(pop_ids(consumer, cells), ElementsAre(1, 2));
}

TEST(Ring, RefusesAnItemMoreThanItHolds) {
  Cells cells(1);
  RingProducer<HostMemory> producer;
  EXPECT_TRUE(producer.stage(cells.ring, {1, 0}));
  EXPECT_TRUE(producer.stage(cells.ring, {2, 0}));
  EXPECT_FALSE(producer.stage(cells.ring, {3, 0}));
  Cells shared(1);
  EXPECT_TRUE(push_shared(shared.ring, {1, 0}));
  EXPECT_TRUE(push_shared(shared.ring, {2, 0}));
  EXPECT_FALSE(push_shared(shared.ring, {3, 0}));
}

TEST(Ring, CarriesWholeIdsAndIterations) {
  Cells cells(2);
  const Item largest{0xffffffffU, kMaxIterations - 1};
  ASSERT_TRUE(push_shared(cells.ring, largest));
  RingConsumer<HostMemory> consumer;
  Item item;
  ASSERT_EQ(consumer.pop(cells.ring, &item, 1), 1U);
  EXPECT_EQ(item, largest);
}

// A slot's lap number is 8 bits: what was stored 256 laps ago must not pass for new.
TEST(Ring, GoesRoundManyTimesWithoutTakingAnOldItemForANewOne) {
  Cells cells(1);
  RingProducer<HostMemory> producer;
  RingConsumer<HostMemory> consumer;
  for (std::uint32_t i = 0; i < 3 * 512 + 1; ++i) {
    EXPECT_THAT(pop_ids(consumer, cells), IsEmpty());
    ASSERT_TRUE(producer.stage(cells.ring, {i, 0}));
    producer.publish(cells.ring);
    EXPECT_THAT(pop_ids(consumer, cells), ElementsAre(i));
  }
}

TEST(Ring, CountsWhatWasNotTakenAsItsDepth) {
  Cells cells(3);
  RingProducer<HostMemory> producer;
  RingConsumer<HostMemory> consumer;
  for (std::uint32_t i = 0; i < 5; ++i) producer.stage(cells.ring, {i, 0});
  EXPECT_EQ(producer.depth(cells.ring), 5U);
  producer.publish(cells.ring);
  EXPECT_THAT(pop_ids(consumer, cells, 2), ElementsAre(0, 1));
  EXPECT_EQ(producer.depth(cells.ring), 3U);
}

}  // namespace
}  // namespace mk::protocol
