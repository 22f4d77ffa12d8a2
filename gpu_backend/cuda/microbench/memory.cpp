// Latencies and bandwidths of the memories.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

constexpr std::size_t kFlushBytes = 512 << 20;
constexpr std::size_t kReadHeader = 1024;  // barriers in front of the rings (read_kernels.cu)

// Indices of one cycle through `lines` lines, in a random order.
std::vector<std::uint32_t> cycle(std::size_t lines, std::uint32_t seed) {
  std::vector<std::uint32_t> order(lines);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin() + 1, order.end(), std::mt19937(seed));
  std::vector<std::uint32_t> next(lines * kLineWords);
  for (std::size_t i = 0; i < lines; ++i) {
    next[std::size_t{order[i]} * kLineWords] = order[(i + 1) % lines] * kLineWords;
  }
  return next;
}

// Writes so much that nothing older is left in the second-level cache.
void flush(Lab& lab) {
  lab.note(checked(cudaMemset(lab.fresh_to_write(kFlushBytes), 0x3c, kFlushBytes), "flushing"));
}

void measure_memory_latency(Lab& lab, Results& results) {
  constexpr std::uint32_t kSteps = 2000;
  const Table<std::uint32_t> next = lab.table(cycle((256U << 20) / 128, 7));
  const Table<Span> span = lab.zeros<Span>(1);
  const Table<std::uint32_t> last = lab.zeros<std::uint32_t>(1);
  Samples samples;
  for (int repeat = 0; repeat < 9; ++repeat) {
    flush(lab);
    const std::uint32_t start = lab.read_one(last);  // where the last chase ended
    lab.run("memory_latency", chase_symbol(), {.blocks = 1, .threads = 1},
            ChaseArgs{next.get(), span.get(), last.get(), start, kSteps});
    samples.push_back(us_a_step(lab.read_one(span), kSteps));
  }
  results.add(lab, "memory_latency", "us", samples);
}

// Every fourth SM looks at lines from all over the second-level cache.
void measure_l2_latency(Lab& lab, Results& results) {
  constexpr std::uint32_t kLines = 512;
  const Table<Word> lines = lab.zeros<Word>(std::size_t{kLines} * kLineWords);
  const Table<std::uint32_t> cycles = lab.zeros<std::uint32_t>(kLines);
  const Table<Span> span = lab.zeros<Span>(1);
  Samples all;
  Samples near;
  Samples far;
  for (std::uint32_t block = 0; block < lab.sms() && lab.status(); block += 4) {
    lab.run("l2_latency", line_symbol(), {.blocks = lab.sms(), .threads = 1},
            LineArgs{lines.get(), cycles.get(), span.get(), kLines, block});
    const Span of = lab.read_one(span);
    Samples of_block;
    for (const std::uint32_t c : lab.read(cycles)) of_block.push_back(us_of_cycles(c, of));
    near.push_back(quantile(of_block, 0.25));
    far.push_back(quantile(of_block, 0.75));
    all.insert(all.end(), of_block.begin(), of_block.end());
  }
  results.add(lab, "l2_latency", "us", all);
  results.add(lab, "l2_near", "us", near);
  results.add(lab, "l2_far", "us", far);
}

void measure_copy_latency(Lab& lab, Results& results) {
  constexpr std::uint32_t kCopies = 200;
  constexpr std::uint64_t kStride = 1 << 16;
  const Table<std::uint32_t> cycles = lab.zeros<std::uint32_t>(kCopies);
  const Table<Span> span = lab.zeros<Span>(1);
  for (const std::uint32_t chunk : {1024U, 4096U, 16384U}) {
    const unsigned char* const from = lab.fresh(kCopies * kStride);
    Samples samples;
    for (const bool is_cached : {false, true}) {
      samples.clear();
      lab.run("copy_latency", copy_symbol(), {.blocks = 1, .threads = 32},
              CopyArgs{from, cycles.get(), span.get(), kStride, kCopies, chunk});
      const Span of = lab.read_one(span);
      for (const std::uint32_t c : lab.read(cycles)) samples.push_back(us_of_cycles(c, of));
      results.add(lab, fmt::format("copy_latency_{}{}", chunk, is_cached ? "_l2" : ""), "us",
                  samples);
    }
  }
}

struct ReadShape {
  std::uint32_t active = 1;
  std::uint32_t in_flight = 0;  // bytes an SM
  std::uint64_t share = 0;      // bytes an SM
  bool is_cached = false;       // the same bytes again and again
  bool is_as_bodies = false;    // from as many blocks, by as many warps in such chunks as they
};

struct ReadOutcome {
  double gigabytes_per_second = 0;
  std::vector<double> us_of_block{};
};

ReadOutcome read(Lab& lab, const ReadShape& shape) {
  const std::uint32_t warps = shape.is_as_bodies ? DeviceShape::kWarps : 4;
  const std::uint32_t most_chunk = shape.is_as_bodies ? DeviceShape::kChunkBytes : 8192;
  const std::uint32_t a_warp = shape.in_flight / warps;
  const std::uint32_t chunk = std::min(a_warp / 2, most_chunk);
  ReadArgs args{lab.guard()};
  args.rounds = shape.is_cached ? 200 : 1;
  args.stride = shape.share;
  args.from = lab.fresh(shape.share * shape.active);
  const Table<Word> ready = lab.zeros<Word>(1);
  const Table<ReadRow> rows = lab.zeros<ReadRow>(lab.sms());
  args.ready = ready.get();
  args.rows = rows.get();
  args.bytes_a_block = shape.share;
  args.active = shape.active;
  args.warps = warps;
  args.stages = a_warp / chunk;
  args.chunk_bytes = chunk;
  const std::size_t shared = std::max<std::size_t>(kReadHeader + shape.in_flight, kSharedOfWholeSm);
  lab.run("read_bandwidth", read_symbol(),
          {.blocks = shape.is_as_bodies ? shape.active : lab.sms(),
           .threads = 32 * warps,
           .shared_bytes = shared},
          args);
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t last = 0;
  ReadOutcome outcome;
  const std::vector<ReadRow> taken = lab.read(rows);
  for (std::uint32_t b = 0; b < shape.active; ++b) {
    first = std::min(first, taken[b].start_ns);
    last = std::max(last, taken[b].end_ns);
    outcome.us_of_block.push_back(static_cast<double>(taken[b].end_ns - taken[b].start_ns) * 1e-3);
  }
  const double bytes = static_cast<double>(shape.share) * args.rounds * shape.active;
  outcome.gigabytes_per_second = last > first ? bytes / static_cast<double>(last - first) : 0;
  return outcome;
}

constexpr std::uint64_t kShare = 4 << 20;
constexpr std::uint32_t kDeep = 192 << 10;  // bytes in flight: as many as it takes

void add_bandwidth(Lab& lab, Results& results, const std::string& name, const ReadShape& shape) {
  Samples samples;
  for (int repeat = 0; repeat < 7; ++repeat) {
    samples.push_back(read(lab, shape).gigabytes_per_second);
  }
  results.add(lab, name, "GB/s", samples);
}

// What N SMs read as N worker blocks do: launched as N blocks, since where blocks lie depends on
// how many there are (a launch of 132 fills GPC by GPC, one of 32 or 64 takes an SM of each TPC
// first: blind/README.md, round 3), with as much in flight, and in shares that are no power of two.
void add_stream_bandwidth(Lab& lab, Results& results, std::uint32_t active) {
  constexpr std::uint32_t kRing = DeviceShape::kWarps * DeviceShape::kStages *
                                  static_cast<std::uint32_t>(DeviceShape::kChunkBytes);
  constexpr std::uint64_t kShareOfBodies = kShare / kRing * kRing;
  Samples together;
  Samples slowest;
  Samples fastest;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const ReadOutcome outcome = read(lab, {active, kRing, kShareOfBodies, false, true});
    const auto [least, most] =
        std::minmax_element(outcome.us_of_block.begin(), outcome.us_of_block.end());
    if (outcome.us_of_block.empty() || *least <= 0) return;
    together.push_back(outcome.gigabytes_per_second);
    slowest.push_back(static_cast<double>(kShareOfBodies) * 1e-3 / *most);
    fastest.push_back(static_cast<double>(kShareOfBodies) * 1e-3 / *least);
  }
  results.add(lab, fmt::format("stream_bandwidth_{}", active), "GB/s", together);
  results.add(lab, fmt::format("stream_slowest_{}", active), "GB/s", slowest);
  results.add(lab, fmt::format("stream_fastest_{}", active), "GB/s", fastest);
}

// Coefficient of variation of the SMs' mean times: what stays from repetition to repetition.
void measure_spread(Lab& lab, Results& results) {
  constexpr int kRepeats = 20;
  std::vector<double> mean(lab.sms());
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const ReadOutcome outcome = read(lab, {lab.sms(), 64 << 10, kShare});
    for (std::size_t b = 0; b < mean.size(); ++b) mean[b] += outcome.us_of_block[b] / kRepeats;
  }
  const double middle = std::accumulate(mean.begin(), mean.end(), 0.0) / lab.sms();
  double squares = 0;
  for (const double m : mean) squares += (m - middle) * (m - middle);
  if (middle > 0) {
    results.add(lab, "sm_spread", "", {std::sqrt(squares / lab.sms()) / middle});
  }
}

}  // namespace

void measure_latencies(Lab& lab, Results& results) {
  measure_memory_latency(lab, results);
  measure_l2_latency(lab, results);
  measure_copy_latency(lab, results);
}

void measure_bandwidths(Lab& lab, Results& results) {
  std::vector<std::uint32_t> active{1, 2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 124, 128};
  std::erase_if(active, [&](std::uint32_t n) { return n >= lab.sms(); });
  active.push_back(lab.sms());
  for (const std::uint32_t n : active) {
    add_bandwidth(lab, results, fmt::format("read_bandwidth_{}", n), {n, kDeep, kShare});
  }
  for (std::uint32_t n = 1; n < lab.sms(); n = n < 32 ? 2 * n : n + 4) {
    add_stream_bandwidth(lab, results, n);
  }
  add_stream_bandwidth(lab, results, lab.sms());
  for (const std::uint32_t kib : {8U, 16U, 24U, 32U, 48U, 64U, 96U, 128U}) {
    add_bandwidth(lab, results, fmt::format("read_bandwidth_all_{}kib", kib),
                  {lab.sms(), kib << 10, kShare});
    add_bandwidth(lab, results, fmt::format("read_bandwidth_one_{}kib", kib),
                  {1, kib << 10, kShare});
  }
  add_bandwidth(lab, results, "l2_bandwidth", {lab.sms(), kDeep, 192 << 10, true});
  measure_spread(lab, results);
}

}  // namespace mk::cuda::microbench
