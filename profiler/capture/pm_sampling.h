// PM sampling: what the whole device did, read by its own hardware at fixed intervals, also while
// one kernel runs for the whole time: bytes from and to DRAM, and how many SMs had work.
//
// CUPTI 12.6 and newer have it, by dlopen like all of CUPTI; the metrics fit into one pass on GH100
// (the test asks the real library, which needs no device for that). Samples are on CUPTI's axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/result.h"
#include "profiler/capture/capture_log.h"
#include "profiler/capture/cupti_library.h"

namespace mk::capture {

struct PmSamplingOptions {
  std::size_t device = 0;
  std::uint64_t interval_ns = 10'000;
};

// Of [start, end), a sampling interval.
struct PmSample {
  Time start = 0;
  Time end = 0;
  double dram_read_bytes = 0;
  double dram_write_bytes = 0;
  double sm_active_percent = 0;  // of the SM cycles
};

struct PmSamples {
  std::vector<PmSample> samples{};
  Time began = 0;  // when sampling began and ended; 0: not known
  Time ended = 0;
  bool overflowed = false;  // the hardware's buffer was full: samples are missing
  std::string error{};      // why there are no more; empty: none
};

class PmSampling {
 public:
  // Starts sampling; a thread of its own takes the samples out of the hardware's buffer. Requires:
  // a CUDA context of that device. Errors, in a line that says what to do: Unsupported (CUPTI or
  // the device has none), Device (no permission, or the device is in use by another profiler).
  static Result<std::unique_ptr<PmSampling>> start(const CuptiLibrary& library,
                                                   const PmSamplingOptions& options);
  ~PmSampling();

  // Ends it, and returns what there is. Empty the second time.
  PmSamples stop();

  // Passes over the device that the metrics need on a chip ("GH100"): 1, or sampling cannot be.
  // Needs no device.
  static Result<std::size_t> passes_on(const CuptiLibrary& library, const char* chip);

 private:
  struct State;
  explicit PmSampling(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// As counters (traces/counter_tracks.h); what is missing as a Loss, also where the samples do not
// cover the time from beginning to end.
void add_samples(const PmSamples& samples, CaptureSink& sink);

}  // namespace mk::capture
