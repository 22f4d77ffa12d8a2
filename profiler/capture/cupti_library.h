// CUPTI's functions, found at run time: programs start without CUPTI and without a driver. Needs
// CUPTI's headers to compile, which say how its records look.
#pragma once

#include <cupti.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"

namespace mk::capture {

// clang-format off
#define MK_CUPTI_REQUIRED(X)                                                                      \
  X(cuptiGetVersion) X(cuptiGetResultString) X(cuptiActivityRegisterCallbacks)                     \
  X(cuptiActivityEnable) X(cuptiActivityDisable) X(cuptiActivityFlushAll)                          \
  X(cuptiActivityGetNextRecord) X(cuptiActivityGetNumDroppedRecords) X(cuptiGetCallbackName)
#define MK_CUPTI_OPTIONAL(X)                                                                      \
  X(cuptiActivityFlushPeriod) X(cuptiSetThreadIdType) X(cuptiActivityPushExternalCorrelationId)    \
  X(cuptiActivityPopExternalCorrelationId)
// clang-format on

struct CuptiLibrary {
#define MK_CUPTI_MEMBER(name) decltype(&::name) name = nullptr;
  MK_CUPTI_REQUIRED(MK_CUPTI_MEMBER)
  MK_CUPTI_OPTIONAL(MK_CUPTI_MEMBER)  // null where the library has none
#undef MK_CUPTI_MEMBER

  std::string path{};
  std::uint32_t version = 0;  // cuptiGetVersion

  // Looks for libcupti in MEGASCOPE_CUPTI (and then nowhere else), where the loader looks, below
  // CUDA_HOME and CUDA_PATH, and below /usr/local/cuda. NotFound, naming the places, iff there is
  // none; Unsupported iff it is older than the headers, whose records it would not write.
  static Result<CuptiLibrary> load();

  // A function of the library that is not in the table; null iff there is none.
  void* find(const char* name) const;

  // "CUPTI: NAME", or success.
  Status check(CUptiResult result, const char* what) const;

 private:
  void* handle_ = nullptr;  // never closed: CUPTI's threads may run until the process ends
};

}  // namespace mk::capture
