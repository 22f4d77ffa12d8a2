// What the control thread of a worker block asks of its descriptors' slots, played with random
// tasks: lists that come again, fetched batches that go on over the end of an iteration, tasks that
// nobody foresaw.
#include "gpu_backend/cuda/descriptor_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace mk::cuda {
namespace {

using protocol::kNoTask;

// What lies in the slots. A copy shows only once it has landed.
struct Slots {
  std::array<std::uint32_t, kSlots> content{};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> under_way;  // slot, task
  std::string fault;

  void begin(std::uint32_t slot, std::uint32_t task) {
    for (const auto& [busy, other] : under_way) {
      if (busy == slot) fault = "two copies to one slot are under way";
    }
    content.at(slot) = kNoTask;
    under_way.emplace_back(slot, task);
  }
  void land() {
    for (const auto& [slot, task] : under_way) content.at(slot) = task;
    under_way.clear();
  }
};

struct Copies {
  Slots* slots;
  void begin(std::uint32_t slot, std::uint32_t task) { slots->begin(slot, task); }
  void land() { slots->land(); }
};

class Player {
 public:
  // The task and what comes after it there, as WorkerProgram::foresee() asks.
  void foresee(std::uint32_t task, std::uint32_t next) {
    const std::uint32_t slot = slots_.foresee(task, next);
    slots_.land();
    expect(slot, task, "foreseen");
    if (next != kNoTask) {
      expect(slots_.next_slot(), next, "next");
    } else {
      EXPECT_EQ(slots_.next_slot(), kSlots);
    }
  }
  // As WorkerProgram::comes() asks, once the task before runs.
  void comes(std::uint32_t task) {
    if (task != kNoTask) slots_.fetch_coming(task);
  }
  // The task, what comes after it there and what after that.
  void foresee_and_run(std::uint32_t task, std::uint32_t next, std::uint32_t after) {
    foresee(task, next);
    comes(after);
  }
  void run_unforeseen(std::uint32_t task) {
    const std::uint32_t slot = slots_.fetch(task);
    slots_.land();
    expect(slot, task, "not foreseen");
  }
  void take_batch(const std::vector<std::uint32_t>& batch) {
    const std::size_t size = std::min<std::size_t>(batch.size(), kSlots - 2);
    for (std::size_t k = 0; k < size; ++k) slots_.fetch(batch[k]);
  }
  const std::string& fault() const { return memory_.fault; }

 private:
  void expect(std::uint32_t slot, std::uint32_t task, const char* what) {
    ASSERT_LT(slot, kSlots) << what;
    EXPECT_EQ(memory_.content.at(slot), task) << what;
  }

  Slots memory_;
  DescriptorSlots<Copies> slots_{Copies{&memory_}};
};

std::uint32_t at(const std::vector<std::uint32_t>& list, std::size_t index) {
  return index < list.size() ? list[index] : kNoTask;
}

TEST(DescriptorSlots, HoldEachTaskOfAListThatComesAgain) {
  for (std::uint32_t size = 1; size < 40; ++size) {
    Player player;
    for (std::uint32_t turn = 0; turn < 4 * size + 7; ++turn) {
      player.foresee_and_run(turn % size, (turn + 1) % size, (turn + 2) % size);
    }
    EXPECT_EQ(player.fault(), "");
  }
}

// As a static worker asks for them: each while the one before runs, but the first of an iteration.
TEST(DescriptorSlots, HoldEachTaskOfIterationsThatBeginAnew) {
  for (std::uint32_t size = 1; size < 40; ++size) {
    Player player;
    for (std::uint32_t turn = 0; turn < 4 * size; ++turn) {
      const std::uint32_t task = turn % size;
      if (task == 0) player.foresee(task, (turn + 1) % size);
      if (task + 1 < size) player.foresee((turn + 1) % size, (turn + 2) % size);
      player.comes((turn + 3) % size);
    }
    EXPECT_EQ(player.fault(), "");
  }
}

// Under aot a batch is taken whenever the last one is used up. With few tasks an iteration its
// tasks come again in a later batch, where what was remembered of them is out of date.
TEST(DescriptorSlots, HoldEachTaskOfFetchedBatches) {
  std::mt19937 generator(1);
  const auto below = [&](std::uint32_t end) {
    return static_cast<std::uint32_t>(generator() % end);
  };
  for (int round = 0; round < 2'000; ++round) {
    Player player;
    const std::uint32_t tasks = 1 + below(60);
    std::uint32_t turn = 0;
    const std::uint32_t most = 1 + below(16);
    for (int batches = 0; batches < 60; ++batches) {
      std::vector<std::uint32_t> batch(1 + below(most));
      for (std::uint32_t& task : batch) task = turn++ % tasks;
      player.take_batch(batch);
      for (std::size_t k = 0; k < batch.size(); ++k) {
        if (below(8) == 0) {
          player.run_unforeseen(batch[k]);
        } else {
          player.foresee_and_run(batch[k], at(batch, k + 1), at(batch, k + 2));
        }
      }
    }
    EXPECT_EQ(player.fault(), "");
  }
}

}  // namespace
}  // namespace mk::cuda
