#include "gpu_backend/cuda/microbench/lab.h"

#include <fmt/format.h>

#include "core/check.h"

namespace mk::cuda::microbench {
namespace {

constexpr double kLimitSeconds = 10;
constexpr int kFill = 0x3c;  // bf16 0.0115: bodies compute with it

}  // namespace

Result<Lab> Lab::open(const Device& device, std::size_t pool_bytes) {
  Lab lab(device);
  Result<RunStream> stream = RunStream::make();
  if (!stream) return tl::unexpected(stream.error());
  lab.stream_ = std::make_unique<RunStream>(std::move(*stream));
  Result<DeviceBuffer> pool = DeviceBuffer::allocate(pool_bytes, "the memory to read");
  if (!pool) return tl::unexpected(pool.error());
  lab.pool_ = std::move(*pool);
  lab.note(checked(cudaMemset(lab.pool_.data(), kFill, pool_bytes), "filling memory"));
  lab.late_ = lab.zeros<Word>(1);
  if (!lab.status_) return tl::unexpected(lab.status_.error());
  return lab;
}

DeviceBuffer Lab::zero_bytes(std::size_t bytes) {
  if (!status_) return {};
  Result<DeviceBuffer> buffer = DeviceBuffer::allocate(bytes, "a table");
  if (!buffer) {
    note(tl::unexpected(buffer.error()));
    return {};
  }
  note(checked(cudaMemset(buffer->data(), 0, buffer->bytes()), "clearing"));
  return std::move(*buffer);
}

unsigned char* Lab::fresh_to_write(std::size_t bytes) {
  MK_CHECK(bytes <= pool_.bytes(), "the pool holds what is read at once");
  if (pool_next_ + bytes > pool_.bytes()) pool_next_ = 0;
  std::byte* const at = pool_.data() + pool_next_;
  pool_next_ += (bytes + 127) / 128 * 128;
  return reinterpret_cast<unsigned char*>(at);
}

void Lab::launch(std::string_view what, const void* kernel, const Grid& grid, void** arguments,
                 std::span<cudaLaunchAttribute> attributes) {
  if (!status_) return;
  std::size_t& allowed = shared_bytes_[kernel];
  if (allowed < grid.shared_bytes) {
    allowed = grid.shared_bytes;
    note(checked(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(allowed)),
                 what));
  }
  cudaLaunchConfig_t config{};
  config.gridDim = {grid.blocks, 1, 1};
  config.blockDim = {grid.threads, 1, 1};
  config.dynamicSmemBytes = grid.shared_bytes;
  config.stream = stream();
  config.attrs = attributes.data();
  config.numAttrs = static_cast<unsigned>(attributes.size());
  if (status_) note(checked(cudaLaunchKernelExC(&config, kernel, arguments), what));
}

void Lab::finish(std::string_view what) {
  if (!status_) return;
  note(stream_->await(kLimitSeconds, {}));
  if (status_ && read_one(late_).value != 0) {
    note(fail(ErrorCode::kStuck, fmt::format("{}: a block waited longer than {} s", what,
                                             static_cast<double>(kLimitNs) * 1e-9)));
    static_cast<void>(cudaMemset(late_.get(), 0, sizeof(Word)));
  }
}

double us_a_step(const Span& span, double steps) {
  return static_cast<double>(span.ns) * 1e-3 / steps;
}

double us_of_cycles(double cycles, const Span& span) {
  if (span.cycles == 0) return 0;
  return cycles * static_cast<double>(span.ns) / static_cast<double>(span.cycles) * 1e-3;
}

}  // namespace mk::cuda::microbench
