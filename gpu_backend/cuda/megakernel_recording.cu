// The megakernel with the recorder.
#include "gpu_backend/cuda/megakernel.cuh"

namespace mk::cuda {

const void* plain_megakernel_symbol();

const void* megakernel_symbol(bool records) {
  return records ? reinterpret_cast<const void*>(&megakernel<DeviceShape, true>)
                 : plain_megakernel_symbol();
}

}  // namespace mk::cuda
