// Records NVTX marks and ranges where CUPTI cannot: in programs without a CUDA device. Where CUPTI
// works, NVTX's calls go to it.
#pragma once

#include <nvtx3/nvToolsExt.h>

#include "profiler/capture/capture_log.h"

namespace mk::capture {

// Takes over NVTX's functions: marks, ranges of both kinds, domains, registered strings, payloads,
// on any thread. False iff this NVTX has no such tables. Requires: called once, with a sink that
// nobody else uses and that lives as long as the process.
bool record_nvtx(NvtxGetExportTableFunc_t tables, CaptureSink& sink);

// Flushes the sink, if there is one.
void flush_nvtx();

// For a handler of a fatal signal: flushes unless the crash came in the middle of a record.
void flush_nvtx_from_signal();

}  // namespace mk::capture
