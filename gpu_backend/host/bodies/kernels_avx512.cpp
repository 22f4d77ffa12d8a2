// The kernels in vectors of 64 bytes. Built with -mavx512f and more: see CMakeLists.txt.
#define MK_VECTOR_BYTES 64
#define MK_KERNEL_TABLE kAvx512Kernels
#define MK_KERNEL_ISA Isa::kAvx512
#include "gpu_backend/host/bodies/kernels.inc"
