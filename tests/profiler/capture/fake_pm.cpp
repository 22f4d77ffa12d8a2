// The PM sampling of the libcupti.so of our own. A device with three samples of 10 us each from
// 3000 ns on: (i + 1) x 20000 bytes read, 1000 written, 50 + i percent of the SMs active. They come
// out two at a time. FAKE_PM names what goes wrong: "privileges", "passes", "overflow", "decode",
// "gap" (sampling lasts for 90 us, not for the 30 of the samples).
#include <cupti.h>
#include <cupti_pmsampling.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_target.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr std::uint32_t kSamples = 3;
constexpr std::uint32_t kSamplesOfImage = 2;
std::uint32_t taken = 0;
bool is_running = false;
std::uint32_t times_asked = 0;

// What an image of decoded samples holds.
struct Image {
  std::uint32_t first;
  std::uint32_t count;
};

Image& image(std::uint8_t* bytes) { return *reinterpret_cast<Image*>(bytes); }
const Image& image(const std::uint8_t* bytes) { return *reinterpret_cast<const Image*>(bytes); }

bool goes_wrong(std::string_view what) {
  const char* wrong = std::getenv("FAKE_PM");
  return wrong != nullptr && wrong == what;
}

// An address that nobody looks behind.
template <typename T>
T* some() {
  static std::uint64_t nothing = 0;
  return reinterpret_cast<T*>(&nothing);
}

}  // namespace

extern "C" {

CUptiResult CUPTIAPI cuptiProfilerInitialize(CUpti_Profiler_Initialize_Params*) {
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiDeviceGetChipName(CUpti_Device_GetChipName_Params* p) {
  p->pChipName = "GH100";
  return p->deviceIndex == 0 ? CUPTI_SUCCESS : CUPTI_ERROR_INVALID_DEVICE;
}

CUptiResult CUPTIAPI
cuptiPmSamplingGetCounterAvailability(CUpti_PmSampling_GetCounterAvailability_Params* p) {
  if (p->pCounterAvailabilityImage == nullptr) p->counterAvailabilityImageSize = 16;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiProfilerHostInitialize(CUpti_Profiler_Host_Initialize_Params* p) {
  p->pHostObject = some<CUpti_Profiler_Host_Object>();
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiProfilerHostDeinitialize(CUpti_Profiler_Host_Deinitialize_Params*) {
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI
cuptiProfilerHostConfigAddMetrics(CUpti_Profiler_Host_ConfigAddMetrics_Params*) {
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI
cuptiProfilerHostGetConfigImageSize(CUpti_Profiler_Host_GetConfigImageSize_Params* p) {
  p->configImageSize = 8;
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiProfilerHostGetConfigImage(CUpti_Profiler_Host_GetConfigImage_Params*) {
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiProfilerHostGetNumOfPasses(CUpti_Profiler_Host_GetNumOfPasses_Params* p) {
  p->numOfPasses = goes_wrong("passes") ? 2 : 1;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiPmSamplingEnable(CUpti_PmSampling_Enable_Params* p) {
  if (goes_wrong("privileges")) return CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
  p->pPmSamplingObject = some<CUpti_PmSampling_Object>();
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiPmSamplingDisable(CUpti_PmSampling_Disable_Params*) {
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiPmSamplingSetConfig(CUpti_PmSampling_SetConfig_Params* p) {
  return p->samplingInterval == 10'000 ? CUPTI_SUCCESS : CUPTI_ERROR_INVALID_PARAMETER;
}
CUptiResult CUPTIAPI
cuptiPmSamplingGetCounterDataSize(CUpti_PmSampling_GetCounterDataSize_Params* p) {
  p->counterDataSize = sizeof(Image);
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI
cuptiPmSamplingCounterDataImageInitialize(CUpti_PmSampling_CounterDataImage_Initialize_Params* p) {
  std::memset(p->pCounterData, 0, p->counterDataSize);
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiPmSamplingStart(CUpti_PmSampling_Start_Params*) {
  taken = 0;
  times_asked = 0;
  is_running = true;
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiGetTimestamp(std::uint64_t* time) {
  const std::uint64_t length = goes_wrong("gap") ? 90'000 : 30'000;
  *time = 3000 + (times_asked++ == 0 ? 0 : length);
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiPmSamplingStop(CUpti_PmSampling_Stop_Params*) {
  is_running = false;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiPmSamplingDecodeData(CUpti_PmSampling_DecodeData_Params* p) {
  if (goes_wrong("decode") && taken > 0) return CUPTI_ERROR_UNKNOWN;
  Image& samples = image(p->pCounterDataImage);
  samples = {taken, std::min(kSamplesOfImage, kSamples - taken)};
  taken += samples.count;
  p->overflow = goes_wrong("overflow") ? 1 : 0;
  p->decodeStopReason = samples.count == kSamplesOfImage
                            ? CUPTI_PM_SAMPLING_DECODE_STOP_REASON_COUNTER_DATA_FULL
                            : CUPTI_PM_SAMPLING_DECODE_STOP_REASON_END_OF_RECORDS;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI
cuptiPmSamplingGetCounterDataInfo(CUpti_PmSampling_GetCounterDataInfo_Params* p) {
  p->numTotalSamples = kSamplesOfImage;
  p->numPopulatedSamples = p->numCompletedSamples = image(p->pCounterDataImage).count;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI
cuptiPmSamplingCounterDataGetSampleInfo(CUpti_PmSampling_CounterData_GetSampleInfo_Params* p) {
  const std::size_t sample = image(p->pCounterDataImage).first + p->sampleIndex;
  p->startTimestamp = 3000 + sample * 10'000;
  p->endTimestamp = p->startTimestamp + 10'000;
  return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI
cuptiProfilerHostEvaluateToGpuValues(CUpti_Profiler_Host_EvaluateToGpuValues_Params* p) {
  const auto sample = static_cast<double>(image(p->pCounterDataImage).first + p->rangeIndex);
  p->pMetricValues[0] = (sample + 1) * 20'000;
  p->pMetricValues[1] = 1000;
  p->pMetricValues[2] = 50 + sample;
  return p->numMetrics == 3 ? CUPTI_SUCCESS : CUPTI_ERROR_INVALID_PARAMETER;
}

}  // extern "C"
