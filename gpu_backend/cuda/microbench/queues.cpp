// The protocol's rings and tables.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

// A ring in device memory, empty.
class RingTable {
 public:
  RingTable(Lab& lab, std::uint32_t items)
      : slots_(lab.zeros<WideWord>(std::bit_ceil(items))),
        positions_(lab.zeros<Word>(std::size_t{2} * kLineWords)) {}

  DeviceRing ring() const {
    const auto capacity = static_cast<std::uint32_t>(slots_.size());
    return {slots_.get(), positions_.get(), positions_.get() + kLineWords, capacity - 1,
            static_cast<std::uint32_t>(std::countr_zero(capacity))};
  }

 private:
  Table<WideWord> slots_;
  Table<Word> positions_;
};

void measure_pushes(Lab& lab, Results& results, std::uint32_t producers) {
  constexpr std::uint32_t kPushes = 64;
  const std::string name = fmt::format("event_push_{}", producers);
  Samples pushes;
  Samples takes;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const RingTable ring(lab, producers * kPushes);
    const Table<Word> ready = lab.zeros<Word>(1);
    const Table<Span> spans = lab.zeros<Span>(lab.sms());
    lab.run(name, push_symbol(), {.blocks = lab.sms(), .threads = 1},
            PushArgs{lab.guard(), ring.ring(), ready.get(), spans.get(), producers, kPushes});
    const std::vector<Span> taken = lab.read(spans);
    for (std::uint32_t b = 0; b < producers; ++b) pushes.push_back(us_a_step(taken[b], kPushes));
    takes.push_back(us_a_step(taken[producers], producers * kPushes));
  }
  results.add(lab, name, "us", pushes);
  results.add(lab, fmt::format("event_take_{}", producers), "us", takes);
}

void measure_one_thread(Lab& lab, Results& results) {
  constexpr std::uint32_t kItems = 1024;
  constexpr const char* kNames[kQueueSpans] = {"queue_put", "queue_take", "queue_empty",
                                               "task_word", "descriptor"};
  Samples samples[kQueueSpans];
  for (int repeat = 0; repeat < 15; ++repeat) {
    const RingTable ring(lab, kItems);
    const Table<TaskDescriptor> descriptors = lab.zeros<TaskDescriptor>(kItems);
    const Table<protocol::TaskWord> words = lab.zeros<protocol::TaskWord>(kItems);
    const Table<Span> spans = lab.zeros<Span>(kQueueSpans);
    const Table<std::uint32_t> sum = lab.zeros<std::uint32_t>(1);
    lab.run("queues", queue_symbol(), {.blocks = 1, .threads = 1},
            QueueArgs{ring.ring(), descriptors.get(), words.get(), spans.get(), sum.get(), kItems});
    const std::vector<Span> taken = lab.read(spans);
    for (std::uint32_t i = 0; i < kQueueSpans; ++i) {
      samples[i].push_back(us_a_step(taken[i], kItems));
    }
  }
  for (std::uint32_t i = 0; i < kQueueSpans; ++i) results.add(lab, kNames[i], "us", samples[i]);
}

void measure_ring_passes(Lab& lab, Results& results) {
  constexpr std::uint32_t kRounds = 64;
  Samples samples;
  for (std::uint32_t partner = 1; partner < lab.sms() && lab.status(); partner += 4) {
    const RingTable there(lab, kRounds);
    const RingTable back(lab, kRounds);
    const Table<Span> span = lab.zeros<Span>(1);
    lab.run("event_hand_off", ring_pass_symbol(), {.blocks = lab.sms(), .threads = 1},
            RingPassArgs{lab.guard(), {there.ring(), back.ring()}, span.get(), partner, kRounds});
    samples.push_back(us_a_step(lab.read_one(span), 2 * kRounds));
  }
  results.add(lab, "event_hand_off", "us", samples);
}

}  // namespace

void measure_queues(Lab& lab, Results& results) {
  measure_one_thread(lab, results);
  measure_ring_passes(lab, results);
  for (std::uint32_t producers : {1U, 4U, 16U, 64U, 128U}) {
    measure_pushes(lab, results, std::min(producers, lab.sms() - 1));
  }
}

}  // namespace mk::cuda::microbench
