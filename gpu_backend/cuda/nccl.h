// NCCL, for the baselines of several GPUs only: loaded from libnccl.so.2 when it is asked for, so
// that programs need neither the library nor its headers. NVLink multicast (NVLS) is switched off
// before it starts.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "gpu_backend/cuda/device.h"

namespace mk::cuda {

enum class NcclType : std::uint8_t { kInt32 = 2, kFloat = 7 };  // as nccl.h numbers them

// One communicator a device, all in this thread.
class Nccl {
 public:
  // kUnsupported, naming what the loader says, where there is no libnccl.so.2; kDevice where it
  // does not start.
  [[nodiscard]] static Result<Nccl> start(const std::vector<Device>& devices);
  Nccl(Nccl&&) noexcept;
  Nccl& operator=(Nccl&&) = delete;
  ~Nccl();

  std::string version() const;

  // Calls between the two are one operation of all devices.
  Status begin_group();
  Status end_group();
  // Sum of all devices' `from`, floats, into every device's `to`.
  Status all_reduce(std::size_t device, const void* from, void* to, std::size_t elements,
                    cudaStream_t stream);
  Status send(std::size_t device, const void* from, std::size_t elements, NcclType type,
              std::size_t peer, cudaStream_t stream);
  Status receive(std::size_t device, void* to, std::size_t elements, NcclType type,
                 std::size_t peer, cudaStream_t stream);

 private:
  struct Library;
  explicit Nccl(std::unique_ptr<Library> library);
  Status checked(int code, const char* what) const;

  std::unique_ptr<Library> library_;
  std::vector<void*> communicators_{};  // by device
};

}  // namespace mk::cuda
