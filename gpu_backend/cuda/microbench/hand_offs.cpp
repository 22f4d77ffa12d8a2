// Clocks, and what passes between two SMs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

struct PassKind {
  const char* name;
  std::uint32_t sleep_ns;
  std::uint32_t by_add;
  std::uint32_t with_data;
};

// Hand-offs between block `first` and each other block: us, a sample a partner.
Samples pass(Lab& lab, const PassKind& kind, std::uint32_t first) {
  constexpr std::uint32_t kRounds = 64;
  constexpr std::uint32_t kThreads = DeviceShape::kThreads;
  Table<Word> flags = lab.zeros<Word>(std::size_t{2} * kLineWords);
  Table<float> data = lab.zeros<float>(2 * kThreads);
  const Table<Span> span = lab.zeros<Span>(1);
  const Table<Word> wrong = lab.zeros<Word>(1);
  Samples samples;
  for (std::uint32_t partner = 0; partner < lab.sms() && lab.status(); ++partner) {
    if (partner == first) continue;
    lab.clear(flags);
    PassArgs args{lab.guard(), flags.get(), data.get(), span.get(), wrong.get()};
    args.first = first;
    args.partner = partner;
    args.rounds = kRounds;
    args.sleep_ns = kind.sleep_ns;
    args.by_add = kind.by_add;
    args.with_data = kind.with_data;
    lab.run(kind.name, pass_symbol(), {.blocks = lab.sms(), .threads = kThreads}, args);
    samples.push_back(us_a_step(lab.read_one(span), 2 * kRounds));
  }
  if (lab.read_one(wrong).value != 0) {
    lab.note(fail(ErrorCode::kDevice,
                  fmt::format("{}: data was not there when its flag was", kind.name)));
  }
  return samples;
}

void measure_passes(Lab& lab, Results& results) {
  constexpr PassKind kKinds[] = {{"hand_off", 0, 0, 0},
                                 {"hand_off_sleep_20", 20, 0, 0},
                                 {"hand_off_sleep_100", 100, 0, 0},
                                 {"hand_off_by_add", 0, 1, 0},
                                 {"hand_off_with_data", 20, 1, 1}};
  for (const PassKind& kind : kKinds) {
    // Two places for the asking block; flags lie where the allocator puts them.
    Samples samples = pass(lab, kind, 0);
    const Samples more = pass(lab, kind, lab.sms() / 2);
    samples.insert(samples.end(), more.begin(), more.end());
    results.add(lab, kind.name, "us", samples);
    if (&kind != kKinds) continue;
    results.add(lab, "hand_off_near", "us", {quantile(samples, 0.05)});
    results.add(lab, "hand_off_far", "us", {quantile(samples, 0.95)});
  }
}

void measure_notify(Lab& lab, Results& results, const char* name, bool stores) {
  constexpr std::uint32_t kRounds = 200;
  const Table<Word> counter = lab.zeros<Word>(1);
  const Table<float> data = lab.zeros<float>(DeviceShape::kThreads);
  const Table<std::uint64_t> cycles = lab.zeros<std::uint64_t>(1);
  const Table<Span> span = lab.zeros<Span>(1);
  Samples samples;
  for (int repeat = 0; repeat < 15; ++repeat) {
    lab.run(
        name, notify_symbol(), {.blocks = 1, .threads = DeviceShape::kThreads},
        NotifyArgs{counter.get(), data.get(), cycles.get(), span.get(), kRounds, stores ? 1U : 0U});
    samples.push_back(us_of_cycles(static_cast<double>(lab.read_one(cycles)), lab.read_one(span)) /
                      kRounds);
  }
  results.add(lab, name, "us", samples);
}

void measure_poll(Lab& lab, Results& results, std::uint32_t sleep_ns) {
  constexpr std::uint32_t kTurns = 500;
  const std::string name = fmt::format("poll_turn_sleep_{}", sleep_ns);
  const Table<Word> word = lab.zeros<Word>(1);
  const Table<Span> span = lab.zeros<Span>(1);
  Samples samples;
  for (int repeat = 0; repeat < 15; ++repeat) {
    lab.run(name, poll_symbol(), {.blocks = 1, .threads = 1},
            PollArgs{word.get(), span.get(), kTurns, sleep_ns});
    samples.push_back(us_a_step(lab.read_one(span), kTurns));
  }
  results.add(lab, name, "us", samples);
}

void measure_mailbox(Lab& lab, Results& results) {
  constexpr std::uint32_t kRounds = 200;
  const Table<Span> span = lab.zeros<Span>(1);
  Samples samples;
  for (int repeat = 0; repeat < 15; ++repeat) {
    lab.run("mailbox", mailbox_symbol(), {.blocks = 1, .threads = kBlockThreads},
            MailboxArgs{span.get(), kRounds});
    samples.push_back(us_a_step(lab.read_one(span), kRounds));
  }
  results.add(lab, "mailbox_round", "us", samples);
}

void measure_offsets(Lab& lab, Results& results) {
  const Table<WideWord> questions = lab.zeros<WideWord>(std::size_t{lab.sms()} * kLineWords);
  const Table<WideWord> answers = lab.zeros<WideWord>(std::size_t{lab.sms()} * kLineWords);
  const Table<OffsetRow> rows = lab.zeros<OffsetRow>(lab.sms());
  lab.run("clock_offset", offset_symbol(), {.blocks = lab.sms(), .threads = 1},
          OffsetArgs{lab.guard(), questions.get(), answers.get(), rows.get(), 32});
  Samples offsets;
  Samples rounds;
  for (const OffsetRow& row : lab.read(rows)) {
    if (row.round_ns == 0) continue;  // block 0
    offsets.push_back(std::abs(row.offset_ns) * 1e-3);
    rounds.push_back(row.round_ns * 1e-3);
  }
  results.add(lab, "clock_offset", "us", offsets);
  if (!offsets.empty()) results.add(lab, "clock_offset_most", "us", {quantile(offsets, 1)});
  results.add(lab, "clock_offset_round", "us", rounds);
}

}  // namespace

void measure_clocks(Lab& lab, Results& results) {
  const Table<ClockRow> rows = lab.zeros<ClockRow>(lab.sms());
  lab.run("sm_clock", clock_symbol(), {.blocks = lab.sms(), .threads = 1},
          ClockArgs{rows.get(), 20'000'000});
  Samples ghz;
  Samples steps;
  for (const ClockRow& row : lab.read(rows)) {
    if (row.span.ns == 0) continue;
    ghz.push_back(static_cast<double>(row.span.cycles) / static_cast<double>(row.span.ns));
    steps.push_back(row.step_ns * 1e-3);
  }
  results.add(lab, "sm_clock", "GHz", ghz);
  results.add(lab, "timer_step", "us", steps);
  measure_offsets(lab, results);
}

void measure_hand_offs(Lab& lab, Results& results) {
  measure_passes(lab, results);
  measure_notify(lab, results, "notify", false);
  measure_notify(lab, results, "notify_after_stores", true);
  for (const std::uint32_t sleep_ns : {0U, 20U, 100U}) measure_poll(lab, results, sleep_ns);
  measure_mailbox(lab, results);
}

void measure_additions(Lab& lab, Results& results) {
  constexpr std::uint32_t kAdds = 200;
  for (std::uint32_t n = 1; n <= lab.sms();
       n = n == lab.sms() ? n + 1 : std::min(2 * n, lab.sms())) {
    const std::string name = fmt::format("add_{}", n);
    Samples samples;
    for (int repeat = 0; repeat < 5; ++repeat) {
      const Table<Word> words = lab.zeros<Word>(std::size_t{2} * kLineWords);
      const Table<Span> spans = lab.zeros<Span>(lab.sms());
      lab.run(name, add_symbol(), {.blocks = lab.sms(), .threads = 1},
              AddArgs{lab.guard(), words.get(), words.get() + kLineWords, spans.get(), n, kAdds});
      const std::vector<Span> taken = lab.read(spans);
      for (std::uint32_t b = 0; b < n; ++b) samples.push_back(us_a_step(taken[b], kAdds));
    }
    results.add(lab, name, "us", samples);
  }
}

}  // namespace mk::cuda::microbench
