// The linears of one iteration by cuBLAS, on the very weights of the model: what our linear body is
// judged by. Products alone, as bf16 x bf16 -> float with inputs already in bf16: no norms, no
// gating, no residuals, which our body does too.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "gpu_backend/cuda/device_model.h"

namespace mk::cuda::check {

struct CublasTimes {
  int version = 0;
  double stream_us = 0;  // an iteration, launch after launch
  double graph_us = 0;   // as one CUDA Graph
};

// Means over `iterations` of all linears in program order. kNotFound: there is no cuBLAS
// ($MEGASCOPE_CUBLAS may name it). It is loaded when called, never linked.
Result<CublasTimes> time_cublas_linears(const DeviceModel& model, std::uint32_t tokens,
                                        std::uint32_t iterations);

}  // namespace mk::cuda::check
