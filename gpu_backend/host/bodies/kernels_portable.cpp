// The kernels in vectors of 16 bytes, which every target of GCC and clang has or imitates.
#define MK_VECTOR_BYTES 16
#define MK_KERNEL_TABLE kPortableKernels
#define MK_KERNEL_ISA Isa::kPortable
#include "gpu_backend/host/bodies/kernels.inc"
