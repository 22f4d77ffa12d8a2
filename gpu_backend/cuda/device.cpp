#include "gpu_backend/cuda/device.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "core/check.h"
#include "gpu_backend/cuda/kernel_args.h"

namespace mk::cuda {
namespace {

double gigabytes(std::size_t bytes) { return static_cast<double>(bytes) * 1e-9; }

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

// Why there is no device, for a person.
Error no_device(cudaError_t code, int driver_version, int runtime_version) {
  switch (code) {
    case cudaErrorInsufficientDriver:
      if (driver_version == 0) {
        return {ErrorCode::kDevice, "no NVIDIA driver on this machine (no libcuda.so.1)"};
      }
      return {ErrorCode::kDevice,
              fmt::format("the NVIDIA driver is too old: it knows CUDA {}, this program needs {}",
                          version_text(driver_version), version_text(runtime_version))};
    case cudaErrorNoDevice:
      return {ErrorCode::kDevice, "no NVIDIA GPU on this machine"};
    case cudaErrorDevicesUnavailable:
      return {ErrorCode::kDevice, "the GPU is taken by another process"};
    default:
      return {ErrorCode::kDevice,
              fmt::format("the GPU cannot be used: {}", cudaGetErrorString(code))};
  }
}

std::atomic<bool> device_is_given_up{false};

std::uint32_t attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  static_cast<void>(cudaDeviceGetAttribute(&value, which, device));
  return static_cast<std::uint32_t>(value);
}

bool can(cudaDeviceP2PAttr what, int from, int to) {
  int answer = 0;
  return cudaDeviceGetP2PAttribute(&answer, what, from, to) == cudaSuccess && answer != 0;
}

// Requires: `from` is the current device.
Status enable_access(int from, int to) {
  if (!can(cudaDevP2PAttrAccessSupported, from, to)) {
    return fail(ErrorCode::kDevice,
                fmt::format("GPU {} cannot reach the memory of GPU {} (no peer access)", from, to));
  }
  if (!can(cudaDevP2PAttrNativeAtomicSupported, from, to)) {
    return fail(
        ErrorCode::kDevice,
        fmt::format("GPU {} has no atomics in the memory of GPU {}: NVLink is needed", from, to));
  }
  const cudaError_t code = cudaDeviceEnablePeerAccess(to, 0);
  if (code == cudaErrorPeerAccessAlreadyEnabled) {
    static_cast<void>(cudaGetLastError());
    return {};
  }
  return checked(code, fmt::format("access of GPU {} to the memory of GPU {}", from, to));
}

}  // namespace

Status checked(cudaError_t code, std::string_view what) {
  if (code == cudaSuccess) return {};
  static_cast<void>(cudaGetLastError());
  return fail(ErrorCode::kDevice, fmt::format("{}: {}", what, cudaGetErrorString(code)));
}

void give_up_device() { device_is_given_up = true; }

Result<Device> Device::open(int number) {
  Device device;
  device.number = number;
  static_cast<void>(cudaDriverGetVersion(&device.driver_version));
  static_cast<void>(cudaRuntimeGetVersion(&device.runtime_version));
  int count = 0;
  const auto refuse = [&](cudaError_t code) {
    return tl::unexpected(no_device(code, device.driver_version, device.runtime_version));
  };
  if (const cudaError_t code = cudaGetDeviceCount(&count); code != cudaSuccess) return refuse(code);
  if (count == 0) return refuse(cudaErrorNoDevice);
  if (number >= count) {
    return fail(ErrorCode::kDevice, fmt::format("GPU {} is needed, this machine has {}: 0 to {}",
                                                number, count, count - 1));
  }
  cudaDeviceProp properties{};
  if (const cudaError_t code = cudaGetDeviceProperties(&properties, number); code != cudaSuccess) {
    return refuse(code);
  }
  if (const cudaError_t code = cudaSetDevice(number); code != cudaSuccess) return refuse(code);
  // Makes the context; fails where another process has the device for itself.
  if (const cudaError_t code = cudaMemGetInfo(&device.free_bytes, &device.memory_bytes);
      code != cudaSuccess) {
    return refuse(code);
  }
  device.name = properties.name;
  char address[32] = {};
  if (cudaDeviceGetPCIBusId(address, sizeof address, 0) == cudaSuccess) {
    device.pci_address = address;
  }
  device.compute_major = properties.major;
  device.compute_minor = properties.minor;
  device.sms = attribute(cudaDevAttrMultiProcessorCount, number);
  device.shared_bytes_per_block = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, number);
  device.l2_bytes = attribute(cudaDevAttrL2CacheSize, number);
  cudaFuncAttributes kernel{};
  if (cudaFuncGetAttributes(&kernel, operator_symbol()) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return fail(ErrorCode::kDevice,
                fmt::format("{} has compute capability {}.{}, this program was built for others",
                            device.name, device.compute_major, device.compute_minor));
  }
  return device;
}

Status Device::make_current() const {
  return checked(cudaSetDevice(number), fmt::format("GPU {}", number));
}

std::uint32_t device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return static_cast<std::uint32_t>(count);
  static_cast<void>(cudaGetLastError());
  return 0;
}

Result<std::vector<Device>> open_peers(std::uint32_t count) {
  std::vector<Device> devices;
  for (std::uint32_t d = 0; d < count; ++d) {
    Result<Device> device = Device::open(static_cast<int>(d));
    if (!device) return tl::unexpected(device.error());
    devices.push_back(std::move(*device));
  }
  for (const Device& from : devices) {
    if (Status ok = from.make_current(); !ok) return tl::unexpected(ok.error());
    for (const Device& to : devices) {
      if (from.number == to.number) continue;
      if (Status ok = enable_access(from.number, to.number); !ok) return tl::unexpected(ok.error());
    }
  }
  if (Status ok = devices.front().make_current(); !ok) return tl::unexpected(ok.error());
  return devices;
}

Result<DeviceBuffer> DeviceBuffer::allocate(std::size_t bytes, std::string_view what) {
  DeviceBuffer buffer;
  void* data = nullptr;
  if (const cudaError_t code = cudaMalloc(&data, bytes > 0 ? bytes : 1); code != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    std::size_t free = 0;
    std::size_t total = 0;
    static_cast<void>(cudaMemGetInfo(&free, &total));
    return fail(
        ErrorCode::kDevice,
        fmt::format("{} needs {:.2f} GB of GPU memory, {:.2f} of {:.2f} GB are free ({})", what,
                    gigabytes(bytes), gigabytes(free), gigabytes(total), cudaGetErrorString(code)));
  }
  buffer.data_ = static_cast<std::byte*>(data);
  buffer.bytes_ = bytes;
  return buffer;
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr && !device_is_given_up) static_cast<void>(cudaFree(data_));
}

Status DeviceBuffer::write(std::size_t offset, std::span<const std::byte> from) {
  MK_CHECK(offset + from.size() <= bytes_, "a copy stays within its buffer");
  return checked(cudaMemcpy(data_ + offset, from.data(), from.size(), cudaMemcpyHostToDevice),
                 "copying to the GPU");
}

Status DeviceBuffer::read(std::size_t offset, std::span<std::byte> to) const {
  MK_CHECK(offset + to.size() <= bytes_, "a copy stays within its buffer");
  return checked(cudaMemcpy(to.data(), data_ + offset, to.size(), cudaMemcpyDeviceToHost),
                 "copying from the GPU");
}

}  // namespace mk::cuda
