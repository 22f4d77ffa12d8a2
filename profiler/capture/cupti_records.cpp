#include "profiler/capture/cupti_records.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>

namespace mk::capture {
namespace {

std::array<std::uint32_t, 3> three(std::int64_t x, std::int64_t y, std::int64_t z) {
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
          static_cast<std::uint32_t>(z)};
}

std::string_view copy_name(std::uint8_t kind) {
  switch (kind) {
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOD:
      return "copy host to device";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOH:
      return "copy device to host";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOD:
      return "copy device to device";
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOH:
      return "copy host to host";
    case CUPTI_ACTIVITY_MEMCPY_KIND_PTOP:
      return "copy between devices";
    default:
      return "copy";
  }
}

std::string_view wait_name(CUpti_ActivitySynchronizationType type) {
  switch (type) {
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_EVENT_SYNCHRONIZE:
      return "wait for event";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_WAIT_EVENT:
      return "stream waits for event";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_SYNCHRONIZE:
      return "wait for stream";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_CONTEXT_SYNCHRONIZE:
      return "wait for context";
    default:
      return "wait";
  }
}

std::string_view overhead_name(CUpti_ActivityOverheadKind kind) {
  switch (kind) {
    case CUPTI_ACTIVITY_OVERHEAD_DRIVER_COMPILER:
      return "driver compiles";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH:
      return "CUPTI flushes buffers";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_INSTRUMENTATION:
      return "CUPTI instruments";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_RESOURCE:
      return "CUPTI allocates";
    default:
      return "CUPTI";
  }
}

std::string payload(const CUpti_ActivityMarkerData2& data) {
  switch (data.payloadKind) {
    case CUPTI_METRIC_VALUE_KIND_DOUBLE:
      return fmt::format("{}", data.payload.metricValueDouble);
    case CUPTI_METRIC_VALUE_KIND_UINT64:
      return fmt::format("{}", data.payload.metricValueUint64);
    case CUPTI_METRIC_VALUE_KIND_INT64:
      return fmt::format("{}", data.payload.metricValueInt64);
    default:
      return {};
  }
}

class Parser {
 public:
  Parser(const CuptiLibrary& cupti, CaptureSink& sink) : cupti_(cupti), sink_(sink) {}

  void record(const CUpti_Activity* r) {
    switch (r->kind) {
      case CUPTI_ACTIVITY_KIND_KERNEL:
      case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
        return kernel(as<CUpti_ActivityKernel10>(r));
      case CUPTI_ACTIVITY_KIND_MEMCPY:
        return copy(as<CUpti_ActivityMemcpy6>(r));
      case CUPTI_ACTIVITY_KIND_MEMSET:
        return set(as<CUpti_ActivityMemset4>(r));
      case CUPTI_ACTIVITY_KIND_RUNTIME:
        return call(as<CUpti_ActivityAPI>(r), false);
      case CUPTI_ACTIVITY_KIND_DRIVER:
        return call(as<CUpti_ActivityAPI>(r), true);
      case CUPTI_ACTIVITY_KIND_SYNCHRONIZATION:
        return wait(as<CUpti_ActivitySynchronization2>(r));
      case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
        return external(as<CUpti_ActivityExternalCorrelation>(r));
      case CUPTI_ACTIVITY_KIND_MARKER:
        return marker(as<CUpti_ActivityMarker2>(r));
      case CUPTI_ACTIVITY_KIND_MARKER_DATA:
        return marker_data(as<CUpti_ActivityMarkerData2>(r));
      case CUPTI_ACTIVITY_KIND_OVERHEAD:
        return overhead(as<CUpti_ActivityOverhead3>(r));
      default:
        return;
    }
  }

 private:
  template <typename T>
  static const T& as(const CUpti_Activity* record) {
    return *reinterpret_cast<const T*>(record);
  }
  Text text(const char* name) { return name == nullptr ? kNoText : sink_.intern(name); }

  void kernel(const CUpti_ActivityKernel10& k) {
    Kernel out;
    out.start = k.start;
    out.end = k.end;
    out.graph_node = k.graphNodeId;
    out.name = text(k.name);
    out.device = k.deviceId;
    out.context = k.contextId;
    out.stream = k.streamId;
    out.correlation = k.correlationId;
    out.registers = k.registersPerThread;
    out.static_shared = static_cast<std::uint32_t>(k.staticSharedMemory);
    out.dynamic_shared = static_cast<std::uint32_t>(k.dynamicSharedMemory);
    out.grid = three(k.gridX, k.gridY, k.gridZ);
    out.block = three(k.blockX, k.blockY, k.blockZ);
    out.cluster = three(k.clusterX, k.clusterY, k.clusterZ);
    out.is_cooperative =
        k.launchType == CUPTI_ACTIVITY_LAUNCH_TYPE_COOPERATIVE_SINGLE_DEVICE ? 1 : 0;
    sink_.add(out);
  }

  template <typename T>
  void transfer(const T& t, std::string_view name) {
    sink_.add(Transfer{t.start, t.end, t.bytes, sink_.intern(name), t.deviceId, t.contextId,
                       t.streamId, t.correlationId, 0});
  }
  void copy(const CUpti_ActivityMemcpy6& c) { transfer(c, copy_name(c.copyKind)); }
  void set(const CUpti_ActivityMemset4& s) { transfer(s, "memset"); }

  void call(const CUpti_ActivityAPI& a, bool is_driver) {
    const char* name = nullptr;
    cupti_.cuptiGetCallbackName(
        is_driver ? CUPTI_CB_DOMAIN_DRIVER_API : CUPTI_CB_DOMAIN_RUNTIME_API, a.cbid, &name);
    sink_.add(ApiCall{a.start, a.end, sink_.intern(name == nullptr ? "unknown call" : name),
                      is_driver ? 1U : 0U, a.processId, a.threadId, a.correlationId,
                      a.returnValue});
  }

  void wait(const CUpti_ActivitySynchronization2& s) {
    sink_.add(Synchronisation{s.start, s.end, sink_.intern(wait_name(s.type)), s.contextId,
                              s.streamId, s.correlationId});
  }

  void external(const CUpti_ActivityExternalCorrelation& e) {
    sink_.add(
        ExternalId{e.externalId, e.correlationId, static_cast<std::uint32_t>(e.externalKind)});
  }

  void marker(const CUpti_ActivityMarker2& m) {
    Marker out;
    out.time = m.timestamp;
    out.id = m.id;
    out.phase = (m.flags & CUPTI_ACTIVITY_FLAG_MARKER_START) != 0 ? MarkerPhase::kStart
                : (m.flags & CUPTI_ACTIVITY_FLAG_MARKER_END) != 0 ? MarkerPhase::kEnd
                                                                  : MarkerPhase::kInstant;
    out.name = text(m.name);
    out.domain = text(m.domain);
    if (m.objectKind == CUPTI_ACTIVITY_OBJECT_THREAD) {
      out.process = m.objectId.pt.processId;
      out.thread = m.objectId.pt.threadId;
    }
    sink_.add(out);
  }

  void marker_data(const CUpti_ActivityMarkerData2& d) {
    MarkerData out;
    out.id = d.id;
    const std::string value = payload(d);
    if (!value.empty()) out.payload = sink_.intern(value);
    out.category = d.category;
    out.colour = (d.flags & CUPTI_ACTIVITY_FLAG_MARKER_COLOR_ARGB) != 0 ? d.color : 0;
    sink_.add(out);
  }

  void overhead(const CUpti_ActivityOverhead3& o) {
    const auto thread =
        o.objectKind == CUPTI_ACTIVITY_OBJECT_THREAD ? o.objectId.pt.threadId : std::uint32_t{0};
    sink_.add(Overhead{o.start, o.end, sink_.intern(overhead_name(o.overheadKind)), thread});
    std::free(o.overheadData);  // ours, says CUPTI's header
  }

  const CuptiLibrary& cupti_;
  CaptureSink& sink_;
};

}  // namespace

void parse_records(const CuptiLibrary& cupti, std::uint8_t* buffer, std::size_t valid,
                   CaptureSink& sink) {
  Parser parser(cupti, sink);
  CUpti_Activity* record = nullptr;
  CUptiResult result = CUPTI_SUCCESS;
  while ((result = cupti.cuptiActivityGetNextRecord(buffer, valid, &record)) == CUPTI_SUCCESS) {
    parser.record(record);
  }
  if (result == CUPTI_ERROR_MAX_LIMIT_REACHED) return;  // the buffer's end
  sink.add(Loss{1, sink.intern("unknown_record"),
                sink.intern("buffers whose rest CUPTI could not walk over")});
}

}  // namespace mk::capture
