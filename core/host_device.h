// How a function is marked that host and device code call alike.
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
