// The kernels of the baselines.
#include "gpu_backend/cuda/operator_kernel.cuh"

namespace mk::cuda {

const void* operator_symbol() {
  return reinterpret_cast<const void*>(&operator_kernel<DeviceShape>);
}
const void* advance_symbol() { return reinterpret_cast<const void*>(&advance_kernel); }
const void* clock_symbol() { return reinterpret_cast<const void*>(&clock_kernel); }
const void* stream_symbol() { return reinterpret_cast<const void*>(&stream_kernel<DeviceShape>); }

std::size_t operator_shared_bytes(std::size_t work_bytes) {
  return SharedMemory<DeviceShape>::kFixedBytes + work_bytes;
}

}  // namespace mk::cuda
