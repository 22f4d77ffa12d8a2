// CUPTI's functions for PM sampling, which older libraries lack.
#pragma once

#include <cupti.h>
#include <cupti_pmsampling.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_target.h>

#include "core/result.h"
#include "profiler/capture/cupti_library.h"

namespace mk::capture {

// clang-format off
#define MK_PM_FUNCTIONS(X)                                                                         \
  X(cuptiProfilerInitialize) X(cuptiDeviceGetChipName) X(cuptiProfilerHostInitialize)               \
  X(cuptiProfilerHostDeinitialize) X(cuptiProfilerHostConfigAddMetrics)                             \
  X(cuptiProfilerHostGetConfigImageSize) X(cuptiProfilerHostGetConfigImage)                         \
  X(cuptiProfilerHostGetNumOfPasses) X(cuptiProfilerHostEvaluateToGpuValues)                        \
  X(cuptiPmSamplingGetCounterAvailability) X(cuptiPmSamplingEnable) X(cuptiPmSamplingDisable)       \
  X(cuptiPmSamplingSetConfig) X(cuptiPmSamplingStart) X(cuptiPmSamplingStop)                        \
  X(cuptiPmSamplingDecodeData) X(cuptiPmSamplingGetCounterDataSize)                                 \
  X(cuptiPmSamplingCounterDataImageInitialize) X(cuptiPmSamplingGetCounterDataInfo)                 \
  X(cuptiPmSamplingCounterDataGetSampleInfo) X(cuptiGetTimestamp)
// clang-format on

struct PmFunctions {
#define MK_PM_MEMBER(name) decltype(&::name) name = nullptr;
  MK_PM_FUNCTIONS(MK_PM_MEMBER)
#undef MK_PM_MEMBER

  // Unsupported, with the library's version, iff one is missing.
  static Result<PmFunctions> load(const CuptiLibrary& library);
};

}  // namespace mk::capture
