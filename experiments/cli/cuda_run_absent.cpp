// Where there was no CUDA toolkit to build with.
#include "experiments/cli/cuda_run.h"

namespace mk::cli {
namespace {

tl::unexpected<Error> absent() {
  return fail(ErrorCode::kUnsupported,
              "this program was built without a CUDA toolkit and has no CUDA backend: use "
              "--backend host");
}

}  // namespace

std::shared_ptr<capture::SelfCapture> start_capture() { return nullptr; }

Result<std::uint32_t> cuda_sms() { return absent(); }

Result<HostRunResult> run_on_cuda(const HostRun& /*what*/, const CudaChoices& /*choices*/,
                                  Console& /*console*/) {
  return absent();
}

}  // namespace mk::cli
