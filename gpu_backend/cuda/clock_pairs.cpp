#include "gpu_backend/cuda/clock_pairs.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/kernel_args.h"

namespace mk::cuda {
namespace {

constexpr int kTries = 16;

std::int64_t host_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<ClockPair> take_clock_pair(const RunStream& stream) {
  Result<DeviceBuffer> buffer = DeviceBuffer::allocate(sizeof(std::uint64_t), "a time stamp");
  if (!buffer) return tl::unexpected(buffer.error());
  ClockPair best;
  std::vector<Nanoseconds> readings;
  for (int i = 0; i < kTries; ++i) {
    std::byte* stamp = buffer->data();
    void* arguments[] = {&stamp};
    const std::int64_t before = host_now();
    Status ok =
        checked(cudaLaunchKernel(clock_symbol(), {1, 1, 1}, {1, 1, 1}, arguments, 0, stream.get()),
                "reading the clock");
    if (ok) ok = checked(cudaStreamSynchronize(stream.get()), "reading the clock");
    const std::int64_t after = host_now();
    std::uint64_t device = 0;
    if (ok) ok = buffer->read(0, std::as_writable_bytes(std::span(&device, 1)));
    if (!ok) return tl::unexpected(ok.error());
    readings.push_back(static_cast<Nanoseconds>(device));
    const std::int64_t half_width = (after - before + 1) / 2;
    if (i > 0 && half_width >= best.half_width_ns) continue;
    best = {before + half_width, static_cast<std::int64_t>(device), half_width, {}};
  }
  best.readings = std::move(readings);
  return best;
}

ClockRecord clock_record(const ClockPair& before, const ClockPair& after) {
  ClockRecord record;
  record.uncertainty = std::max(before.half_width_ns, after.half_width_ns);
  const auto host = static_cast<double>(after.host_ns - before.host_ns);
  const auto device = static_cast<double>(after.device_ns - before.device_ns);
  if (host > 0) record.drift_ppm = (device / host - 1) * 1e6;
  return record;
}

std::string text_of(const ClockPair& pair) {
  return fmt::format("{}:{}:{}", pair.host_ns, pair.device_ns, pair.half_width_ns);
}

}  // namespace mk::cuda
