// What passes between the first two GPUs.
#include <fmt/format.h>

#include <algorithm>

#include "gpu_backend/cuda/microbench/measure.h"
#include "gpu_backend/cuda/peer_exchange.h"
#include "gpu_backend/cuda/peer_kernels.h"

namespace mk::cuda::microbench {
namespace {

constexpr std::uint32_t kRounds = 300;
constexpr std::size_t kCopyBytes = std::size_t{64} << 20;
constexpr std::uint32_t kRepeats = 5;
constexpr std::uint32_t kCopyThreads = 512;

// Half a round trip, us, of a put of so many words with its flag.
void measure_puts(Lab& lab, Results& results, const std::vector<Device>& gpus) {
  for (const std::uint32_t words : {0U, 64U, 1024U, 8192U}) {
    const Result<std::vector<ExchangeRound>> rounds = exchange(gpus[0], gpus[1], words, kRounds);
    if (!rounds) return lab.note(tl::unexpected(rounds.error()));
    Samples samples;
    for (std::size_t i = rounds->size() / 10; i < rounds->size(); ++i) {
      samples.push_back(static_cast<double>((*rounds)[i].heard - (*rounds)[i].asked) * 0.5e-3);
    }
    results.add(lab, words == 0 ? "peer_flag" : fmt::format("peer_put_{}", 4 * words), "us",
                samples);
    if (words == 0) {
      const double width = static_cast<double>(offset_of(*rounds).half_width_ns) * 1e-3;
      results.add(lab, "peer_clock", "us", {width});
    }
  }
}

// Memory of both GPUs and a stream on each.
struct Ends {
  DeviceBuffer buffer[2]{};
  std::vector<RunStream> stream{};
};

Status open_ends(const std::vector<Device>& gpus, Ends& ends) {
  for (std::size_t d = 0; d < 2; ++d) {
    if (Status ok = gpus[d].make_current(); !ok) return ok;
    Result<DeviceBuffer> buffer = DeviceBuffer::allocate(2 * kCopyBytes, "what passes");
    if (!buffer) return tl::unexpected(buffer.error());
    ends.buffer[d] = std::move(*buffer);
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    ends.stream.push_back(std::move(*stream));
    if (Status ok = checked(cudaMemset(ends.buffer[d].data(), 1, 2 * kCopyBytes), "filling"); !ok) {
      return ok;
    }
    if (Status ok = checked(cudaDeviceSynchronize(), "filling"); !ok) return ok;
  }
  return {};
}

unsigned char* at(const Ends& ends, std::size_t gpu, std::size_t half) {
  return reinterpret_cast<unsigned char*>(ends.buffer[gpu].data()) + half * kCopyBytes;
}

Status launch(const Device& gpu, RunStream& stream, const void* kernel, std::uint32_t blocks,
              std::uint32_t threads, void* args) {
  Status ok = gpu.make_current();
  if (ok) ok = stream.mark_start();
  void* arguments[] = {args};
  if (ok) {
    ok = checked(
        cudaLaunchKernel(kernel, {blocks, 1, 1}, {threads, 1, 1}, arguments, 0, stream.get()),
        "a kernel between GPUs");
  }
  return ok ? stream.mark_end() : ok;
}

struct Direction {
  const char* name;
  bool pulls;  // reads from the peer instead of writing to it
  bool both;   // both GPUs at once
};

// GB/s of one GPU with that many blocks, the first, warm-up, run left out.
Samples copy(Lab& lab, const std::vector<Device>& gpus, Ends& ends, const Direction& direction,
             std::uint32_t blocks) {
  Samples samples;
  const std::size_t copying = direction.both ? 2 : 1;
  for (std::uint32_t i = 0; i <= kRepeats && lab.status(); ++i) {
    for (std::size_t d = 0; d < copying; ++d) {
      const std::size_t from = direction.pulls ? 1 - d : d;
      PeerCopyArgs args{at(ends, from, 0), at(ends, 1 - from, 1), kCopyBytes};
      lab.note(launch(gpus[d], ends.stream[d], peer_copy_symbol(), blocks, kCopyThreads, &args));
    }
    for (std::size_t d = 0; d < copying; ++d) lab.note(ends.stream[d].await(10, {}));
    if (!lab.status()) break;
    const double gigabytes = static_cast<double>(kCopyBytes) * 1e-9;
    if (i > 0) samples.push_back(gigabytes / (ends.stream[0].elapsed_ms() * 1e-3));
  }
  return samples;
}

void measure_copies(Lab& lab, Results& results, const std::vector<Device>& gpus, Ends& ends) {
  for (const Direction& direction :
       {Direction{"peer_write", false, false}, Direction{"peer_read", true, false},
        Direction{"peer_write_both", false, true}}) {
    for (const std::uint32_t blocks : {1U, 2U, 4U, 8U, 16U, 32U, 64U, lab.sms()}) {
      if (direction.both && blocks != lab.sms()) continue;
      results.add(lab, fmt::format("{}_bandwidth_{}", direction.name, blocks), "GB/s",
                  copy(lab, gpus, ends, direction, blocks));
    }
  }
}

// N blocks put 256 bytes and notify, each its own counter or all the same one: us a put of a block.
void measure_storms(Lab& lab, Results& results, const std::vector<Device>& gpus, Ends& ends) {
  constexpr std::uint32_t kPuts = 200;
  constexpr std::uint32_t kWords = 64;
  for (const bool shared : {false, true}) {
    for (const std::uint32_t blocks : {1U, 8U, 32U, lab.sms()}) {
      Samples samples;
      for (std::uint32_t i = 0; i <= kRepeats && lab.status(); ++i) {
        PutStormArgs args;
        args.to = reinterpret_cast<std::uint32_t*>(at(ends, 1, 1));
        args.counters = reinterpret_cast<DeviceCell<std::uint32_t>*>(at(ends, 1, 0));
        args.counter_stride = shared ? 0 : 32;
        args.words = kWords;
        args.rounds = kPuts;
        lab.note(launch(gpus[0], ends.stream[0], put_storm_symbol(), blocks, 128, &args));
        lab.note(ends.stream[0].await(10, {}));
        if (i > 0 && lab.status()) samples.push_back(ends.stream[0].elapsed_ms() * 1e3 / kPuts);
      }
      results.add(lab, fmt::format("peer_storm{}_{}", shared ? "_one_counter" : "", blocks), "us",
                  samples);
    }
  }
}

}  // namespace

void measure_peers(Lab& lab, Results& results) {
  const Result<std::vector<Device>> gpus = open_peers(2);
  if (!gpus) return lab.note(tl::unexpected(gpus.error()));
  measure_puts(lab, results, *gpus);
  Ends ends;
  lab.note(open_ends(*gpus, ends));
  if (lab.status()) measure_copies(lab, results, *gpus, ends);
  if (lab.status()) measure_storms(lab, results, *gpus, ends);
  lab.note(gpus->front().make_current());
}

}  // namespace mk::cuda::microbench
