// How functions and loops are marked that host and device code share.
//
// MK_APART: one of which a kernel has one copy, however often it is called. For what is long and
// seldom done: inlined, the protocol is 14,000 instructions of PTX, most of them such copies.
#pragma once

#if defined(__CUDACC__)
#define MK_HD __host__ __device__
#define MK_APART __host__ __device__ __noinline__
#else
#define MK_HD
#define MK_APART
#endif

// Before a loop that must be unrolled on the device, where the arrays it indexes are registers; and
// before one that must not be, whose turns wait for each other.
#if defined(__CUDA_ARCH__)
#define MK_UNROLL _Pragma("unroll")
#define MK_ROLLED _Pragma("unroll 1")
#else
#define MK_UNROLL
#define MK_ROLLED
#endif
