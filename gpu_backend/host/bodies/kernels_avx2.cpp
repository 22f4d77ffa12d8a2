// The kernels in vectors of 32 bytes. Built with -mavx2 -mfma: see CMakeLists.txt.
#define MK_VECTOR_BYTES 32
#define MK_KERNEL_TABLE kAvx2Kernels
#define MK_KERNEL_ISA Isa::kAvx2
#include "gpu_backend/host/bodies/kernels.inc"
