// microbenchmark_device() of a program that was built where there is no CUDA toolkit.
#include "gpu_backend/cuda/microbench.h"

namespace mk::cuda {

Result<Microbenchmark> microbenchmark_device(const MicrobenchOptions& /*options*/) {
  return fail(ErrorCode::kUnsupported,
              "this program was built without CUDA: configure with -DMEGASCOPE_CUDA=ON where the "
              "toolkit is, or use --backend host");
}

}  // namespace mk::cuda
