#include "profiler/capture/pm_sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "profiler/capture/pm_functions.h"
#include "traces/counter_tracks.h"

namespace mk::capture {
namespace {

// In the order of PmSample's members.
constexpr std::array kMetrics = {"dram__bytes_read.sum", "dram__bytes_write.sum",
                                 "sm__cycles_active.avg.pct_of_peak_sustained_elapsed"};
constexpr std::size_t kHardwareBuffer = std::size_t{256} << 20;
constexpr std::uint32_t kSamplesOfImage = 4096;
constexpr std::chrono::milliseconds kDecodeEvery{2};
constexpr double kLeastCover =
    0.95;  // of the time that was sampled; the ends are not whole samples

// CUPTI's parameters know their own size.
template <typename Params>
Params params(std::size_t size) {
  Params p{};
  p.structSize = size;
  return p;
}
#define MK_PM_PARAMS(type) params<type>(type##_STRUCT_SIZE)

std::string_view advice(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
      return ": hardware counters are for administrators only here (the driver's "
             "NVreg_RestrictProfilingToAdminUsers=0 opens them)";
    case CUPTI_ERROR_INVALID_OPERATION:
      return ": another profiler holds the device's counters";
    default:
      return "";
  }
}

ErrorCode code_of(CUptiResult result) {
  const bool is_absent =
      result == CUPTI_ERROR_NOT_SUPPORTED || result == CUPTI_ERROR_INVALID_DEVICE;
  return is_absent ? ErrorCode::kUnsupported : ErrorCode::kDevice;
}

}  // namespace

Result<PmFunctions> PmFunctions::load(const CuptiLibrary& library) {
  PmFunctions f;
#define MK_PM_LOAD(name)                                                                       \
  f.name = reinterpret_cast<decltype(&::name)>(library.find(#name));                           \
  if (f.name == nullptr) {                                                                     \
    return fail(ErrorCode::kUnsupported,                                                       \
                fmt::format("PM sampling: CUPTI {} has no " #name ": 12.6 or newer is needed", \
                            library.version));                                                 \
  }
  MK_PM_FUNCTIONS(MK_PM_LOAD)
#undef MK_PM_LOAD
  return f;
}

struct PmSampling::State {
  const CuptiLibrary& library;
  PmFunctions f{};
  PmSamplingOptions options{};
  CUpti_Profiler_Host_Object* host = nullptr;
  CUpti_PmSampling_Object* sampler = nullptr;
  // CUPTI's objects point into what they were made of: it stays until they are gone.
  std::string chip{};
  std::vector<std::uint8_t> counters{};       // which the device has
  std::vector<std::uint8_t> configuration{};  // of the hardware, for the metrics
  std::array<const char*, kMetrics.size()> names = kMetrics;
  std::vector<std::uint8_t> image{};  // decoded samples
  std::atomic<bool> is_ending{false};
  std::thread decoder{};
  PmSamples taken{};

  ~State() {
    if (sampler != nullptr) {
      auto p = MK_PM_PARAMS(CUpti_PmSampling_Disable_Params);
      p.pPmSamplingObject = sampler;
      f.cuptiPmSamplingDisable(&p);
    }
    if (host != nullptr) {
      auto p = MK_PM_PARAMS(CUpti_Profiler_Host_Deinitialize_Params);
      p.pHostObject = host;
      f.cuptiProfilerHostDeinitialize(&p);
    }
  }

  Status check(CUptiResult result, const char* what) const {
    if (result == CUPTI_SUCCESS) return {};
    return fail(code_of(result),
                fmt::format("PM sampling: {}{}", library.check(result, what).error().message,
                            advice(result)));
  }

  Status find_chip() {
    auto p = MK_PM_PARAMS(CUpti_Device_GetChipName_Params);
    p.deviceIndex = options.device;
    if (Status ok = check(f.cuptiDeviceGetChipName(&p), "the chip's name"); !ok) return ok;
    chip = p.pChipName;
    return {};
  }

  // Asked in two steps, the size first.
  Status find_counters() {
    auto p = MK_PM_PARAMS(CUpti_PmSampling_GetCounterAvailability_Params);
    p.deviceIndex = options.device;
    Status ok = check(f.cuptiPmSamplingGetCounterAvailability(&p), "the device's counters");
    counters.resize(p.counterAvailabilityImageSize);
    p.pCounterAvailabilityImage = counters.data();
    if (ok) ok = check(f.cuptiPmSamplingGetCounterAvailability(&p), "the device's counters");
    return ok;
  }

  // Requires: the chip; its counters too, unless CUPTI knows the chip.
  Status configure() {
    auto p = MK_PM_PARAMS(CUpti_Profiler_Host_Initialize_Params);
    p.profilerType = CUPTI_PROFILER_TYPE_PM_SAMPLING;
    p.pChipName = chip.c_str();
    p.pCounterAvailabilityImage = counters.empty() ? nullptr : counters.data();
    Status ok = check(f.cuptiProfilerHostInitialize(&p), chip.c_str());
    if (!ok) return ok;
    host = p.pHostObject;
    auto add = MK_PM_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics_Params);
    add.pHostObject = host;
    add.ppMetricNames = names.data();
    add.numMetrics = names.size();
    ok = check(f.cuptiProfilerHostConfigAddMetrics(&add), "its metrics");
    auto size = MK_PM_PARAMS(CUpti_Profiler_Host_GetConfigImageSize_Params);
    size.pHostObject = host;
    if (ok) ok = check(f.cuptiProfilerHostGetConfigImageSize(&size), "the configuration");
    configuration.resize(size.configImageSize);
    auto get = MK_PM_PARAMS(CUpti_Profiler_Host_GetConfigImage_Params);
    get.pHostObject = host;
    get.configImageSize = configuration.size();
    get.pConfigImage = configuration.data();
    if (ok) ok = check(f.cuptiProfilerHostGetConfigImage(&get), "the configuration");
    return ok;
  }

  Result<std::size_t> passes() {
    auto p = MK_PM_PARAMS(CUpti_Profiler_Host_GetNumOfPasses_Params);
    p.configImageSize = configuration.size();
    p.pConfigImage = configuration.data();
    if (Status ok = check(f.cuptiProfilerHostGetNumOfPasses(&p), "its passes"); !ok)
      return tl::unexpected(ok.error());
    return p.numOfPasses;
  }

  Status set_up() {
    auto initialize = MK_PM_PARAMS(CUpti_Profiler_Initialize_Params);
    Status ok = check(f.cuptiProfilerInitialize(&initialize), "the profiler");
    if (ok) ok = find_chip();
    if (ok) ok = find_counters();
    if (ok) ok = configure();
    if (!ok) return ok;
    const Result<std::size_t> needed = passes();
    if (!needed) return tl::unexpected(needed.error());
    if (*needed != 1) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("PM sampling: {} needs {} passes for its metrics, and a running "
                              "kernel has one",
                              chip, *needed));
    }
    return enable();
  }

  Status enable() {
    auto p = MK_PM_PARAMS(CUpti_PmSampling_Enable_Params);
    p.deviceIndex = options.device;
    Status ok = check(f.cuptiPmSamplingEnable(&p), "enabling");
    if (!ok) return ok;
    sampler = p.pPmSamplingObject;
    auto set = MK_PM_PARAMS(CUpti_PmSampling_SetConfig_Params);
    set.pPmSamplingObject = sampler;
    set.configSize = configuration.size();
    set.pConfig = configuration.data();
    set.hardwareBufferSize = kHardwareBuffer;
    set.samplingInterval = options.interval_ns;
    set.triggerMode = CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_TIME_INTERVAL;
    set.hwBufferAppendMode = CUPTI_PM_SAMPLING_HARDWARE_BUFFER_APPEND_MODE_KEEP_OLDEST;
    ok = check(f.cuptiPmSamplingSetConfig(&set), "setting it up");
    if (ok) ok = make_image();
    auto start = MK_PM_PARAMS(CUpti_PmSampling_Start_Params);
    start.pPmSamplingObject = sampler;
    if (ok) ok = check(f.cuptiPmSamplingStart(&start), "starting");
    return ok;
  }

  Status make_image() {
    auto size = MK_PM_PARAMS(CUpti_PmSampling_GetCounterDataSize_Params);
    size.pPmSamplingObject = sampler;
    size.pMetricNames = names.data();
    size.numMetrics = names.size();
    size.maxSamples = kSamplesOfImage;
    Status ok = check(f.cuptiPmSamplingGetCounterDataSize(&size), "room for samples");
    image.resize(size.counterDataSize);
    return ok ? clear_image() : ok;
  }
  Status clear_image() {
    auto p = MK_PM_PARAMS(CUpti_PmSampling_CounterDataImage_Initialize_Params);
    p.pPmSamplingObject = sampler;
    p.counterDataSize = image.size();
    p.pCounterData = image.data();
    return check(f.cuptiPmSamplingCounterDataImageInitialize(&p), "room for samples");
  }

  Time now() const {
    std::uint64_t time = 0;
    return f.cuptiGetTimestamp(&time) == CUPTI_SUCCESS ? time : 0;
  }

  // Takes out what the hardware has by now; true iff there may be more: decoding stops where the
  // image is full, and elsewhere too.
  Result<bool> decode() {
    auto p = MK_PM_PARAMS(CUpti_PmSampling_DecodeData_Params);
    p.pPmSamplingObject = sampler;
    p.pCounterDataImage = image.data();
    p.counterDataImageSize = image.size();
    const CUptiResult decoded = f.cuptiPmSamplingDecodeData(&p);
    const bool is_full = p.overflow != 0 || decoded == CUPTI_ERROR_OUT_OF_MEMORY;
    taken.overflowed = taken.overflowed || is_full;
    Status ok = is_full ? Status() : check(decoded, "decoding");
    auto info = MK_PM_PARAMS(CUpti_PmSampling_GetCounterDataInfo_Params);
    info.pCounterDataImage = image.data();
    info.counterDataImageSize = image.size();
    if (ok) ok = check(f.cuptiPmSamplingGetCounterDataInfo(&info), "its samples");
    for (std::size_t i = 0; ok && i < info.numCompletedSamples; ++i) ok = take(i);
    if (ok) ok = clear_image();
    if (!ok) return tl::unexpected(ok.error());
    return info.numCompletedSamples > 0 &&
           p.decodeStopReason != CUPTI_PM_SAMPLING_DECODE_STOP_REASON_END_OF_RECORDS;
  }

  Status take(std::size_t index) {
    auto info = MK_PM_PARAMS(CUpti_PmSampling_CounterData_GetSampleInfo_Params);
    info.pPmSamplingObject = sampler;
    info.pCounterDataImage = image.data();
    info.counterDataImageSize = image.size();
    info.sampleIndex = index;
    Status ok = check(f.cuptiPmSamplingCounterDataGetSampleInfo(&info), "a sample");
    std::array<double, kMetrics.size()> values{};
    auto evaluate = MK_PM_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues_Params);
    evaluate.pHostObject = host;
    evaluate.pCounterDataImage = image.data();
    evaluate.counterDataImageSize = image.size();
    evaluate.rangeIndex = index;
    evaluate.ppMetricNames = names.data();
    evaluate.numMetrics = names.size();
    evaluate.pMetricValues = values.data();
    if (ok) ok = check(f.cuptiProfilerHostEvaluateToGpuValues(&evaluate), "a sample's values");
    if (ok) {
      taken.samples.push_back(
          {info.startTimestamp, info.endTimestamp, values[0], values[1], values[2]});
    }
    return ok;
  }

  // Until there is nothing more now. False: it failed, and never works again.
  bool decode_all() {
    while (taken.error.empty()) {
      const Result<bool> more = decode();
      if (!more) taken.error = more.error().message;
      if (!more || !*more) break;
    }
    return taken.error.empty();
  }

  void decode_until_end() {
    while (!is_ending && decode_all()) std::this_thread::sleep_for(kDecodeEvery);
  }
};

Result<std::unique_ptr<PmSampling>> PmSampling::start(const CuptiLibrary& library,
                                                      const PmSamplingOptions& options) {
  Result<PmFunctions> functions = PmFunctions::load(library);
  if (!functions) return tl::unexpected(functions.error());
  std::unique_ptr<State> state(new State{library, *functions, options});
  if (Status ok = state->set_up(); !ok) return tl::unexpected(ok.error());
  state->taken.began = state->now();
  state->decoder = std::thread([s = state.get()] { s->decode_until_end(); });
  return std::unique_ptr<PmSampling>(new PmSampling(std::move(state)));
}

PmSamples PmSampling::stop() {
  State& s = *state_;
  if (!s.decoder.joinable()) return {};
  s.taken.ended = s.now();
  auto p = MK_PM_PARAMS(CUpti_PmSampling_Stop_Params);
  p.pPmSamplingObject = s.sampler;
  const Status stopped = s.check(s.f.cuptiPmSamplingStop(&p), "stopping");
  s.is_ending = true;
  s.decoder.join();
  s.decode_all();
  if (s.taken.error.empty() && !stopped) s.taken.error = stopped.error().message;
  return std::move(s.taken);
}

Result<std::size_t> PmSampling::passes_on(const CuptiLibrary& library, const char* chip) {
  Result<PmFunctions> functions = PmFunctions::load(library);
  if (!functions) return tl::unexpected(functions.error());
  State state{library, *functions};
  state.chip = chip;
  if (Status ok = state.configure(); !ok) return tl::unexpected(ok.error());
  return state.passes();
}

PmSampling::PmSampling(std::unique_ptr<State> state) : state_(std::move(state)) {}
PmSampling::~PmSampling() { stop(); }

namespace {

// What is said where samples are missing; empty: none are.
std::string gap_in(const PmSamples& samples) {
  if (samples.began == 0 || samples.ended <= samples.began) return {};
  Time covered = 0;
  Time last = samples.began;
  for (const PmSample& s : samples.samples) {
    if (s.end <= s.start) continue;
    covered += s.end - s.start;
    last = std::max(last, s.end);
  }
  const auto ms = [](Time time) { return static_cast<double>(time) * 1e-6; };
  const Time all = samples.ended - samples.began;
  if (static_cast<double>(covered) >= kLeastCover * static_cast<double>(all)) return {};
  return fmt::format(
      "PM samples cover {:.3f} of {:.3f} ms, the last one ends after {:.3f}: the hardware gave no "
      "more",
      ms(covered), ms(all), ms(last - samples.began));
}

}  // namespace

void add_samples(const PmSamples& samples, CaptureSink& sink) {
  const Text read = sink.intern(kDramReadTrack);
  const Text written = sink.intern(kDramWriteTrack);
  const Text active = sink.intern(kSmActiveTrack);
  for (const PmSample& s : samples.samples) {
    if (s.end <= s.start) continue;
    const auto ns = static_cast<double>(s.end - s.start);
    sink.add(Counter{s.start, s.dram_read_bytes / ns, read, 0});
    sink.add(Counter{s.start, s.dram_write_bytes / ns, written, 0});
    sink.add(Counter{s.start, s.sm_active_percent, active, 0});
  }
  if (samples.overflowed) {
    sink.add(Loss{1, sink.intern("samples_dropped"),
                  sink.intern("the hardware's buffer for PM samples was full: sample less often")});
  }
  if (const std::string gap = gap_in(samples); !gap.empty()) {
    sink.add(Loss{1, sink.intern("samples_missing"), sink.intern(gap)});
  }
  if (!samples.error.empty())
    sink.add(Loss{1, sink.intern("not_recorded"), sink.intern(samples.error)});
}

}  // namespace mk::capture
