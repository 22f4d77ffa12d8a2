// The megakernel of one of several GPUs, without the recorder.
#include "gpu_backend/cuda/megakernel.cuh"

namespace mk::cuda {

const void* plain_peer_megakernel_symbol() {
  return reinterpret_cast<const void*>(&megakernel<DeviceShape, false, PeerMegakernelArgs>);
}

}  // namespace mk::cuda
