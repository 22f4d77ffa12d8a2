// The megakernel without the recorder. The three .cu files are one each, so that they compile side
// by side.
#include "gpu_backend/cuda/megakernel.cuh"

namespace mk::cuda {

const void* plain_megakernel_symbol() {
  return reinterpret_cast<const void*>(&megakernel<DeviceShape, false>);
}

std::size_t megakernel_shared_bytes(std::size_t work_bytes) {
  return WorkerShared<DeviceShape>::bytes(work_bytes);
}

}  // namespace mk::cuda
