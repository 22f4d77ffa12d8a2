// Lab: where the microbenchmark runs its kernels. Memory, launches and the first error of a
// measurement, so that a measurement reads as what it does: once something failed, launches do
// nothing, tables read as zeros, and status() says what it was.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/microbench/kernels.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda::microbench {

// Blocks that each have an SM for themselves ask for more than half of its shared memory.
inline constexpr std::size_t kSharedOfWholeSm = 120 << 10;

struct Grid {
  std::uint32_t blocks = 1;
  std::uint32_t threads = 32;
  std::size_t shared_bytes = kSharedOfWholeSm;
};

// Values of T in device memory.
template <class T>
class Table {
 public:
  Table() = default;
  Table(DeviceBuffer buffer, std::size_t count) : buffer_(std::move(buffer)), count_(count) {}
  T* get() const { return reinterpret_cast<T*>(buffer_.data()); }
  std::size_t size() const { return count_; }

 private:
  friend class Lab;
  DeviceBuffer buffer_{};
  std::size_t count_ = 0;
};

class Lab {
 public:
  // Takes `pool_bytes` of memory to read from. kDevice where there is not so much.
  [[nodiscard]] static Result<Lab> open(const Device& device, std::size_t pool_bytes);

  const Device& device() const { return device_; }
  std::uint32_t sms() const { return device_.sms; }
  cudaStream_t stream() const { return stream_->get(); }

  // The first failure since the last call of clear().
  const Status& status() const { return status_; }
  void clear() { status_ = {}; }
  void note(Status status) {
    if (status_ && !status) status_ = std::move(status);
  }

  // `count` values of zero bytes.
  template <class T>
  Table<T> zeros(std::size_t count) {
    return {zero_bytes(count * sizeof(T)), count};
  }
  template <class T>
  Table<T> table(const std::vector<T>& values) {
    Table<T> made = zeros<T>(values.size());
    if (status_) note(made.buffer_.write(0, std::as_bytes(std::span(values))));
    return made;
  }
  template <class T>
  std::vector<T> read(const Table<T>& table) {
    std::vector<T> values(table.size());
    if (status_) note(table.buffer_.read(0, std::as_writable_bytes(std::span(values))));
    return values;
  }
  template <class T>
  T read_one(const Table<T>& table) {
    return read(table).at(0);
  }
  template <class T>
  void clear(Table<T>& table) {
    if (status_) note(checked(cudaMemset(table.get(), 0, table.buffer_.bytes()), "clearing"));
  }

  // Memory that was not read for a long while: no cache holds it. Aligned to 128.
  const unsigned char* fresh(std::size_t bytes) { return fresh_to_write(bytes); }
  unsigned char* fresh_to_write(std::size_t bytes);

  Guard guard() const { return {late_.get(), kLimitNs}; }

  // Launches and waits until it has ended; a kernel that waited too long is a failure.
  template <class Args>
  void run(std::string_view what, const void* kernel, const Grid& grid, Args args) {
    void* arguments[] = {&args};
    launch(what, kernel, grid, arguments, {});
    finish(what);
  }
  // Launches only.
  void launch(std::string_view what, const void* kernel, const Grid& grid, void** arguments,
              std::span<cudaLaunchAttribute> attributes);
  void finish(std::string_view what);

 private:
  static constexpr std::uint64_t kLimitNs = 2'000'000'000;

  explicit Lab(const Device& device) : device_(device) {}
  DeviceBuffer zero_bytes(std::size_t bytes);

  Device device_;
  std::unique_ptr<RunStream> stream_{};
  DeviceBuffer pool_{};
  std::size_t pool_next_ = 0;
  Table<Word> late_{};
  std::map<const void*, std::size_t> shared_bytes_{};  // that a kernel may have
  Status status_{};
};

// Microseconds of each of `steps` steps.
double us_a_step(const Span& span, double steps);
// Microseconds of `cycles` of the clock that the span was taken by.
double us_of_cycles(double cycles, const Span& span);

}  // namespace mk::cuda::microbench
