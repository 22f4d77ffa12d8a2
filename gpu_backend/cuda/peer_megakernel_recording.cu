// The megakernel of one of several GPUs, with the recorder.
#include "gpu_backend/cuda/megakernel.cuh"

namespace mk::cuda {

const void* plain_peer_megakernel_symbol();

const void* peer_megakernel_symbol(bool records) {
  return records ? reinterpret_cast<const void*>(&megakernel<DeviceShape, true, PeerMegakernelArgs>)
                 : plain_peer_megakernel_symbol();
}

}  // namespace mk::cuda
