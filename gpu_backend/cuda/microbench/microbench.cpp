#include "gpu_backend/cuda/microbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/machine.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda {
namespace {

using microbench::Lab;
using microbench::Results;

struct Group {
  std::string_view name;
  void (*measure)(Lab& lab, Results& results);
};
constexpr std::string_view kPeers = "peers";
constexpr Group kGroups[] = {{"clocks", microbench::measure_clocks},
                             {"hand-offs", microbench::measure_hand_offs},
                             {"additions", microbench::measure_additions},
                             {"queues", microbench::measure_queues},
                             {"latencies", microbench::measure_latencies},
                             {"bandwidths", microbench::measure_bandwidths},
                             {"launches", microbench::measure_launches},
                             {"bodies", microbench::measure_bodies},
                             {"bodies at once", microbench::measure_bodies_at_once},
                             {"runs of empty tasks", microbench::measure_runs},
                             {kPeers, microbench::measure_peers}};

// More than L2 holds many times over, not more than a quarter of what is free.
std::size_t pool_bytes(const Device& device) {
  return std::min<std::size_t>(std::size_t{4} << 30, device.free_bytes / 4) / 4096 * 4096;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  gmtime_r(&now, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

DeviceFacts facts_of(const Device& device) {
  DeviceFacts facts;
  facts.name = device.name;
  facts.measured_on = today();
  facts.sms = device.sms;
  facts.memory_bytes = static_cast<double>(device.memory_bytes);
  facts.l2_bytes = static_cast<double>(device.l2_bytes);
  facts.chunk_bytes = DeviceShape::kChunkBytes;
  facts.chunks = DeviceShape::kWarps * DeviceShape::kStages;
  facts.warps = DeviceShape::kWarps;
  int blocks = 1;
  const auto shared = static_cast<int>(operator_shared_bytes(0));
  if (cudaFuncSetAttribute(operator_symbol(), cudaFuncAttributeMaxDynamicSharedMemorySize,
                           shared) == cudaSuccess &&
      cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, operator_symbol(),
                                                    static_cast<int>(DeviceShape::kThreads),
                                                    operator_shared_bytes(0)) == cudaSuccess) {
    facts.kernel_blocks_per_sm = blocks;
  }
  return facts;
}

}  // namespace

Result<Microbenchmark> microbenchmark_device(const MicrobenchOptions& options) {
  const Result<Device> device = Device::open();
  if (!device) return tl::unexpected(device.error());
  Result<Machine> base = load_machine(std::string(base_machine(device->name)));
  if (!base) return tl::unexpected(base.error());
  Result<Lab> lab = Lab::open(*device, pool_bytes(*device));
  if (!lab) return tl::unexpected(lab.error());
  Microbenchmark result;
  Results results;
  const std::uint32_t gpus = device_count();
  for (const Group& group : kGroups) {
    if (options.peers_only ? group.name != kPeers : group.name == kPeers && gpus < 2) continue;
    if (options.on_primitive) options.on_primitive(group.name);
    lab->clear();
    group.measure(*lab, results);
    if (!lab->status()) {
      result.missing.push_back(fmt::format("{}: {}", group.name, lab->status().error().message));
    }
  }
  result.primitives = results.primitives();
  result.machine = device_machine(*std::move(base), facts_of(*device), result.primitives);
  return result;
}

}  // namespace mk::cuda

namespace mk::cuda::microbench {

void Results::add(const Lab& lab, std::string name, const char* unit, const Samples& samples) {
  if (!lab.status() || samples.empty()) return;
  primitives_.push_back({std::move(name), mk::microbench::median(samples), unit,
                         mk::microbench::relative_spread(samples)});
}

double median(const Samples& samples) {
  return samples.empty() ? 0 : mk::microbench::median(samples);
}

double quantile(Samples samples, double share) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
}

}  // namespace mk::cuda::microbench
