// The tables that kernels_*.cpp define: for kernels.cpp, which chooses among them.
#pragma once

#include "gpu_backend/host/bodies/kernels.h"

namespace mk {

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace mk
