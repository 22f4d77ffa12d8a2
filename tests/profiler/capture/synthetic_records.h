// CUPTI activity records as the real library lays them out, in a buffer: what the fake library
// hands over and what the real one's record walker is tried on.
#pragma once

#include <cupti.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mk::testing {

class RecordBuffer {
 public:
  RecordBuffer(std::uint8_t* bytes, std::size_t size) : bytes_(bytes), size_(size) {
    std::memset(bytes, 0, size);
  }

  template <typename T>
  T& add(CUpti_ActivityKind kind) {
    auto& record = *reinterpret_cast<T*>(bytes_ + used_);
    used_ += sizeof(T);
    record.kind = kind;
    return record;
  }
  std::size_t used() const { return used_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* bytes_;
  std::size_t size_;
  std::size_t used_ = 0;
};

// One launch, as a program with NVTX makes it: range "decode" [1000, 9000) of thread 77 in domain
// "model" with payload 42; within it cudaLaunchKernel [2000, 2500), correlation 10, external id 5;
// its cooperative kernel [3000, 8000) of 132 blocks on stream 7; a copy of 4096 bytes [8100, 8200),
// correlation 11; a memset without time stamps; an end whose start nobody saw; a wait [2600, 8050).
inline void add_one_launch(RecordBuffer& out) {
  auto& start = out.add<CUpti_ActivityMarker2>(CUPTI_ACTIVITY_KIND_MARKER);
  start.flags = CUPTI_ACTIVITY_FLAG_MARKER_START;
  start.timestamp = 1000;
  start.id = 3;
  start.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
  start.objectId.pt.processId = 70;
  start.objectId.pt.threadId = 77;
  start.name = "decode";
  start.domain = "model";
  auto& data = out.add<CUpti_ActivityMarkerData2>(CUPTI_ACTIVITY_KIND_MARKER_DATA);
  data.id = 3;
  data.payloadKind = CUPTI_METRIC_VALUE_KIND_UINT64;
  data.payload.metricValueUint64 = 42;
  auto& external =
      out.add<CUpti_ActivityExternalCorrelation>(CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION);
  external.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;
  external.externalId = 5;
  external.correlationId = 10;
  auto& call = out.add<CUpti_ActivityAPI>(CUPTI_ACTIVITY_KIND_RUNTIME);
  call.cbid = CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000;
  call.start = 2000;
  call.end = 2500;
  call.processId = 70;
  call.threadId = 77;
  call.correlationId = 10;
  auto& kernel = out.add<CUpti_ActivityKernel10>(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
  kernel.start = 3000;
  kernel.end = 8000;
  kernel.streamId = 7;
  kernel.contextId = 1;
  kernel.correlationId = 10;
  kernel.name = "_Z4megai";
  kernel.gridX = 132;
  kernel.gridY = kernel.gridZ = kernel.blockY = kernel.blockZ = 1;
  kernel.blockX = 384;
  kernel.registersPerThread = 168;
  kernel.dynamicSharedMemory = 200000;
  kernel.launchType = CUPTI_ACTIVITY_LAUNCH_TYPE_COOPERATIVE_SINGLE_DEVICE;
  auto& copy = out.add<CUpti_ActivityMemcpy6>(CUPTI_ACTIVITY_KIND_MEMCPY);
  copy.copyKind = CUPTI_ACTIVITY_MEMCPY_KIND_DTOH;
  copy.bytes = 4096;
  copy.start = 8100;
  copy.end = 8200;
  copy.streamId = 7;
  copy.contextId = 1;
  copy.correlationId = 11;
  auto& set = out.add<CUpti_ActivityMemset4>(CUPTI_ACTIVITY_KIND_MEMSET);
  set.streamId = 7;
  set.contextId = 1;
  auto& wait = out.add<CUpti_ActivitySynchronization2>(CUPTI_ACTIVITY_KIND_SYNCHRONIZATION);
  wait.type = CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_SYNCHRONIZE;
  wait.start = 2600;
  wait.end = 8050;
  wait.contextId = 1;
  auto& end = out.add<CUpti_ActivityMarker2>(CUPTI_ACTIVITY_KIND_MARKER);
  end.flags = CUPTI_ACTIVITY_FLAG_MARKER_END;
  end.timestamp = 9000;
  end.id = 3;
  auto& stray = out.add<CUpti_ActivityMarker2>(CUPTI_ACTIVITY_KIND_MARKER);
  stray.flags = CUPTI_ACTIVITY_FLAG_MARKER_END;
  stray.timestamp = 9100;
  stray.id = 4;
}

}  // namespace mk::testing
