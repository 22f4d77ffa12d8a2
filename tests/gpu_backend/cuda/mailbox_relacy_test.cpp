// The worker block's mailbox under Relacy: a control thread and two compute warps (a thread each),
// in 100,000 random executions; and the same with its rules broken, which must be found.
#include <gmock/gmock.h>

#include <iostream>

#include "gpu_backend/cuda/mailbox_protocol.h"

#include "tests/gpu_backend/protocol/relacy_memory.h"

namespace mk::cuda::test {
namespace {

using protocol::testing::PlantedBug;

enum class Broken {
  kNothing,
  kEarlyWrite,     // a box is written while its command runs
  kEarlyFinish,    // a warp says done before it has read
  kEarlyInput,     // a warp reads its input before it is there
  kRelaxedArrive,  // arrivals release nothing
  kRelaxedAwait    // the end of a phase acquires nothing
};

// Pending arrivals, and the number of the phase.
template <Broken kBroken>
struct ModelBarrier {
  static constexpr rl::memory_order kArrive =
      kBroken == Broken::kRelaxedArrive ? rl::mo_relaxed : rl::mo_acq_rel;
  static constexpr rl::memory_order kEnd =
      kBroken == Broken::kRelaxedArrive ? rl::mo_relaxed : rl::mo_release;
  static constexpr rl::memory_order kAwait =
      kBroken == Broken::kRelaxedAwait ? rl::mo_relaxed : rl::mo_acquire;

  rl::atomic<std::uint32_t> arrived;
  rl::atomic<std::uint32_t> phase;
  std::uint32_t expected = 1;

  void init(std::uint32_t arrivals) {
    expected = arrivals;
    arrived($).store(0, rl::mo_relaxed);
    phase($).store(0, rl::mo_relaxed);
  }
  void arrive() {
    const std::uint32_t before = arrived($).fetch_add(1, kArrive);
    if ((before + 1) % expected == 0) phase($).store((before + 1) / expected, kEnd);
  }
  // The phase of parity p has ended iff the one that goes on has the other parity.
  void await(std::uint32_t parity) {
    while ((phase($).load(kAwait) & 1U) == parity) rl::yield(1, $);
  }
  void meet(std::uint32_t parity) {
    arrive();
    await(parity);
  }
};

constexpr std::uint32_t kWarps = 2;
constexpr std::uint32_t kCommands = 4;  // the last one says that it is over

template <Broken kBroken>
struct MailboxSuite : rl::test_suite<MailboxSuite<kBroken>, kWarps + 1> {
  ModelBarrier<kBroken> go;
  ModelBarrier<kBroken> input;
  ModelBarrier<kBroken> done;
  rl::var<std::uint32_t> command[2];       // 0: exit
  rl::var<std::uint32_t> brought;          // the input, there once its event is active
  rl::var<std::uint32_t> results[kWarps];  // what each warp made of it, read once it is done
  rl::var<std::uint32_t> used[kWarps];     // what the other warps look at in the next command

  void before() {
    go.init(kWarps + 1);
    input.init(kWarps + 1);
    done.init(kWarps);
    for (auto& box : command) box($) = 0;
    brought($) = 0;
    for (auto& result : results) result($) = 0;
    for (auto& of_warp : used) of_warp($) = 0;
  }
  void thread(unsigned index) { index == 0 ? control() : compute(index - 1); }

  void control() {
    MailboxWriter mailbox(go, input, done);
    const auto post = [&](std::uint32_t what) {
      command[mailbox.next_box()]($) = what;
      mailbox.post();
    };
    post(1);
    for (std::uint32_t i = 1; i < kCommands; ++i) {
      brought($) = 100 * i;
      mailbox.give_input();
      if (kBroken == Broken::kEarlyWrite) command[mailbox.next_box() ^ 1U]($) = 1;
      const bool is_ahead = i % 2 != 0;  // as foresee() does behind a task that runs
      if (is_ahead) post(i + 1 < kCommands ? i + 1 : 0);
      mailbox.await_done();
      for (auto& result : results) RL_ASSERT(result($) == 101 * i);
      if (!is_ahead) post(i + 1 < kCommands ? i + 1 : 0);
    }
  }
  void compute(std::uint32_t warp) {
    MailboxReader mailbox;
    for (std::uint32_t turn = 0;; ++turn) {
      const std::uint32_t box = mailbox.await_command(go);
      if (kBroken == Broken::kEarlyFinish) mailbox.finish(done);
      if (command[box]($) == 0) return;
      RL_ASSERT(used[(warp + 1) % kWarps]($) == turn);
      const std::uint32_t early = kBroken == Broken::kEarlyInput ? brought($) : 0;
      input.meet(box);
      used[warp]($) = turn + 1;
      results[warp]($) = command[box]($) + (early != 0 ? early : brought($));
      if (kBroken != Broken::kEarlyFinish) mailbox.finish(done);
    }
  }
};

template <Broken kBroken>
rl::test_result_e explore() {
  std::ostream output(nullptr);
  rl::test_params parameters;
  parameters.iteration_count = 100'000;
  parameters.search_type = rl::random_scheduler_type;
  parameters.execution_depth_limit = 5'000;
  parameters.output_stream = &output;
  parameters.progress_stream = &output;
  rl::simulate<MailboxSuite<kBroken>>(parameters);
  return parameters.test_result;
}

TEST(MailboxUnderRelacy, HandsEachCommandToEachWarpOnce) {
  EXPECT_EQ(explore<Broken::kNothing>(), rl::test_result_success);
}

TEST(MailboxUnderRelacy, FindsABoxThatIsWrittenWhileItIsRead) {
  EXPECT_EQ(explore<Broken::kEarlyWrite>(), rl::test_result_data_race);
  EXPECT_NE(explore<Broken::kEarlyFinish>(), rl::test_result_success);
}

TEST(MailboxUnderRelacy, FindsAnInputThatIsReadBeforeItIsThere) {
  EXPECT_EQ(explore<Broken::kEarlyInput>(), rl::test_result_data_race);
}

TEST(MailboxUnderRelacy, FindsBarriersThatOrderNothing) {
  EXPECT_EQ(explore<Broken::kRelaxedArrive>(), rl::test_result_data_race);
  EXPECT_EQ(explore<Broken::kRelaxedAwait>(), rl::test_result_data_race);
}

}  // namespace
}  // namespace mk::cuda::test
