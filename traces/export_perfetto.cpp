// Perfetto's own format: a Trace of TracePackets, each a TrackDescriptor or a TrackEvent. Field
// numbers are those of the public schema (google/perfetto, protos/perfetto/trace).
#include <fmt/format.h>

#include <unordered_map>

#include "traces/export_parts.h"
#include "traces/flows.h"
#include "traces/protobuf_writer.h"

namespace mk {
namespace {

using protobuf::Message;

namespace trace_field {
constexpr std::uint32_t kPacket = 1;
}
namespace packet_field {
constexpr std::uint32_t kTimestamp = 8;
constexpr std::uint32_t kSequenceId = 10;
constexpr std::uint32_t kTrackEvent = 11;
constexpr std::uint32_t kInternedData = 12;
constexpr std::uint32_t kSequenceFlags = 13;
constexpr std::uint32_t kTrackDescriptor = 60;
}  // namespace packet_field
namespace descriptor_field {
constexpr std::uint32_t kUuid = 1;
constexpr std::uint32_t kName = 2;
constexpr std::uint32_t kProcess = 3;
constexpr std::uint32_t kParent = 5;
constexpr std::uint32_t kCounter = 8;
constexpr std::uint32_t kChildOrdering = 11;
constexpr std::uint32_t kSiblingRank = 12;
constexpr std::uint32_t kSiblingMerge = 15;
constexpr std::uint64_t kExplicitOrder = 3;
constexpr std::uint64_t kNeverMerge = 2;
}  // namespace descriptor_field
namespace event_field {
constexpr std::uint32_t kAnnotation = 4;
constexpr std::uint32_t kType = 9;
constexpr std::uint32_t kNameIid = 10;
constexpr std::uint32_t kTrack = 11;
constexpr std::uint32_t kCategory = 22;
constexpr std::uint32_t kDoubleCounter = 44;
constexpr std::uint32_t kFlow = 47;
constexpr std::uint32_t kTerminatingFlow = 48;
enum Type : std::uint64_t { kBegin = 1, kEnd = 2, kCounterValue = 4 };
}  // namespace event_field
namespace annotation_field {
constexpr std::uint32_t kInteger = 4;
constexpr std::uint32_t kString = 6;
constexpr std::uint32_t kName = 10;
}  // namespace annotation_field

// 1: this packet forgets what was interned before; 2: it needs what was.
constexpr std::uint64_t kFirstPacket = 3;
constexpr std::uint64_t kLaterPacket = 2;
constexpr std::uint32_t kInternedEventNames = 2;

class PerfettoWriter {
 public:
  PerfettoWriter(const Trace& trace, TextFile& file)
      : trace_(trace), file_(file), flows_(arrows_of(trace)) {
    flows_in_.resize(trace.slices.size(), {});
    for (std::uint32_t f = 0; f < flows_.size(); ++f) flows_in_[flows_[f].to].push_back(f);
  }

  ExportCounts run() {
    describe_devices();
    describe_lanes();
    for (std::uint32_t k = 0; k < trace_.slices.size(); ++k) slice(k);
    counters();
    counts_.left_out = trace_.activations.size();
    return counts_;
  }

 private:
  // Tracks are numbered: lanes, devices, counters; 0 means none.
  std::uint64_t lane_track(std::uint32_t lane) const { return std::uint64_t{1} + lane; }
  std::uint64_t device_track(std::uint8_t device) const {
    return std::uint64_t{1} + trace_.lanes.size() + device;
  }
  std::uint64_t counter_track(std::uint32_t track) const {
    return std::uint64_t{257} + trace_.lanes.size() + track;
  }

  void put(Message& packet) {
    packet.varint(packet_field::kSequenceId, 1);
    packet.varint(packet_field::kSequenceFlags, is_first_ ? kFirstPacket : kLaterPacket);
    is_first_ = false;
    Message out;
    out.message(trace_field::kPacket, packet);
    file_.put(out.bytes());
  }

  void put_descriptor(const Message& descriptor) {
    Message packet;
    packet.message(packet_field::kTrackDescriptor, descriptor);
    put(packet);
  }

  void describe_devices() {
    std::vector<bool> seen(256);
    for (const Lane& lane : trace_.lanes) {
      if (seen[lane.device]) continue;
      seen[lane.device] = true;
      Message process;
      process.varint(1, std::uint64_t{1} + lane.device);  // pid
      process.text(6, fmt::format("device {}", lane.device));
      Message descriptor;
      descriptor.varint(descriptor_field::kUuid, device_track(lane.device));
      descriptor.message(descriptor_field::kProcess, process);
      descriptor.varint(descriptor_field::kChildOrdering, descriptor_field::kExplicitOrder);
      put_descriptor(descriptor);
    }
  }

  void describe_lanes() {
    for (std::uint32_t lane = 0; lane < trace_.lanes.size(); ++lane) {
      Message descriptor;
      descriptor.varint(descriptor_field::kUuid, lane_track(lane));
      descriptor.text(descriptor_field::kName, lane_name(trace_.lanes[lane]));
      descriptor.varint(descriptor_field::kParent, device_track(trace_.lanes[lane].device));
      descriptor.varint(descriptor_field::kSiblingRank, lane);
      descriptor.varint(descriptor_field::kSiblingMerge, descriptor_field::kNeverMerge);
      put_descriptor(descriptor);
    }
  }

  // The number of a name; `packet` carries it where it is new.
  std::uint64_t intern(const std::string& name, Message& packet) {
    const auto [at, is_new] = names_.try_emplace(name, names_.size() + 1);
    if (!is_new) return at->second;
    Message entry;
    entry.varint(1, at->second);
    entry.text(2, name);
    Message interned;
    interned.message(kInternedEventNames, entry);
    packet.message(packet_field::kInternedData, interned);
    return at->second;
  }

  static void annotate(Message& event, std::string_view name, std::int64_t value) {
    Message annotation;
    annotation.integer(annotation_field::kInteger, value);
    annotation.text(annotation_field::kName, name);
    event.message(event_field::kAnnotation, annotation);
  }

  void annotate_slice(Message& event, std::uint32_t k) const {
    const SliceColumns& s = trace_.slices;
    if (s.is_task(k)) annotate(event, "task", s.task[k]);
    if (s.iteration[k] != kNoIndex) annotate(event, "iteration", s.iteration[k]);
    const auto instant = [&](std::string_view name, Nanoseconds at) {
      if (at != kNotTaken) annotate(event, name, at);
    };
    instant("enqueued_ns", s.enqueued[k]);
    instant("fetched_ns", s.fetched[k]);
    instant("ready_ns", s.ready[k]);
    instant("preload_ns", s.preload[k]);
    instant("page_ns", s.page[k]);
    instant("first_data_ns", s.first_data[k]);
    instant("notified_ns", s.notified[k]);
  }

  void annotate_details(Message& event, std::uint32_t k) {
    for (; next_detail_ < trace_.details.size() && trace_.details[next_detail_].slice <= k;
         ++next_detail_) {
      const SliceDetail& detail = trace_.details[next_detail_];
      if (detail.slice != k) continue;
      Message annotation;
      annotation.text(annotation_field::kString, trace_.strings[detail.value]);
      annotation.text(annotation_field::kName, trace_.strings[detail.key]);
      event.message(event_field::kAnnotation, annotation);
    }
  }

  void add_flows(Message& event, std::uint32_t k) {
    for (; next_flow_ < flows_.size() && flows_[next_flow_].from == k; ++next_flow_) {
      event.fixed64(event_field::kFlow, next_flow_ + 1);
    }
    for (const std::uint32_t f : flows_in_[k]) {
      event.fixed64(event_field::kTerminatingFlow, std::uint64_t{f} + 1);
      ++counts_.flows;
    }
  }

  void slice(std::uint32_t k) {
    const SliceColumns& s = trace_.slices;
    const auto [name, category] = slice_title(trace_, k);
    Message packet;
    Message event;
    packet.integer(packet_field::kTimestamp, s.start[k] - zero_);
    event.varint(event_field::kType, event_field::kBegin);
    event.varint(event_field::kNameIid, intern(name, packet));
    event.varint(event_field::kTrack, lane_track(s.lane[k]));
    event.text(event_field::kCategory, category);
    annotate_slice(event, k);
    annotate_details(event, k);
    add_flows(event, k);
    packet.message(packet_field::kTrackEvent, event);
    put(packet);
    Message end_packet;
    Message end;
    end_packet.integer(packet_field::kTimestamp, s.end[k] - zero_);
    end.varint(event_field::kType, event_field::kEnd);
    end.varint(event_field::kTrack, lane_track(s.lane[k]));
    end_packet.message(packet_field::kTrackEvent, end);
    put(end_packet);
    ++counts_.slices;
  }

  void counters() {
    std::vector<bool> seen(trace_.strings.size());
    for (const CounterSample& sample : trace_.counters) {
      if (!seen[sample.track]) {
        seen[sample.track] = true;
        Message descriptor;
        descriptor.varint(descriptor_field::kUuid, counter_track(sample.track));
        descriptor.text(descriptor_field::kName, trace_.strings[sample.track]);
        descriptor.message(descriptor_field::kCounter, Message());
        put_descriptor(descriptor);
      }
      Message packet;
      Message event;
      packet.integer(packet_field::kTimestamp, sample.time - zero_);
      event.varint(event_field::kType, event_field::kCounterValue);
      event.varint(event_field::kTrack, counter_track(sample.track));
      event.real(event_field::kDoubleCounter, sample.value);
      packet.message(packet_field::kTrackEvent, event);
      put(packet);
      ++counts_.counters;
    }
  }

  // Perfetto's time stamps are unsigned: where a trace has instants before its zero, all move.
  static Nanoseconds earliest(const Trace& trace) {
    Nanoseconds first = 0;
    for (const Nanoseconds t : trace.slices.start) first = std::min(first, t);
    for (const CounterSample& c : trace.counters) first = std::min(first, c.time);
    return first;
  }

  const Trace& trace_;
  TextFile& file_;
  const std::vector<SliceFlow> flows_;
  std::vector<std::vector<std::uint32_t>> flows_in_{};
  const Nanoseconds zero_ = earliest(trace_);
  std::unordered_map<std::string, std::uint64_t> names_{};
  std::uint32_t next_flow_ = 0;
  std::size_t next_detail_ = 0;
  ExportCounts counts_{};
  bool is_first_ = true;
};

}  // namespace

Result<ExportCounts> export_perfetto(const Trace& trace, const std::string& path) {
  return write_export(path, [&](TextFile& file) { return PerfettoWriter(trace, file).run(); });
}

}  // namespace mk
