// Perfetto's own format: a Trace of TracePackets, each a TrackDescriptor or a TrackEvent. Field
// numbers are those of the public schema (google/perfetto, protos/perfetto/trace).
#include <fmt/format.h>

#include <unordered_map>

#include "traces/export_events.h"
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
      : trace_(trace), file_(file), described_(trace.strings.size()) {}

  ExportCounts run() {
    describe_devices();
    return export_events(trace_, arrows_of(trace_), *this);
  }

  void lane(std::uint32_t lane) {
    Message descriptor;
    descriptor.varint(descriptor_field::kUuid, lane_track(lane));
    descriptor.text(descriptor_field::kName, lane_name(trace_.lanes[lane]));
    descriptor.varint(descriptor_field::kParent, device_track(trace_.lanes[lane].device));
    descriptor.varint(descriptor_field::kSiblingRank, lane);
    descriptor.varint(descriptor_field::kSiblingMerge, descriptor_field::kNeverMerge);
    put_descriptor(descriptor);
  }

  void slice(const SliceEvent& of) {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t k = of.slice;
    Message packet;
    Message event;
    packet.integer(packet_field::kTimestamp, s.start[k] - zero_);
    event.varint(event_field::kType, event_field::kBegin);
    event.varint(event_field::kNameIid, intern(of.title.name, packet));
    event.varint(event_field::kTrack, lane_track(s.lane[k]));
    event.text(event_field::kCategory, of.title.category);
    annotate_slice(event, of);
    add_flows(event, of);
    packet.message(packet_field::kTrackEvent, event);
    put(packet);
    Message end_packet;
    Message end;
    end_packet.integer(packet_field::kTimestamp, s.end[k] - zero_);
    end.varint(event_field::kType, event_field::kEnd);
    end.varint(event_field::kTrack, lane_track(s.lane[k]));
    end_packet.message(packet_field::kTrackEvent, end);
    put(end_packet);
  }

  void counter(const CounterSample& sample) {
    describe_counter(sample.track);
    Message packet;
    Message event;
    packet.integer(packet_field::kTimestamp, sample.time - zero_);
    event.varint(event_field::kType, event_field::kCounterValue);
    event.varint(event_field::kTrack, counter_track(sample.track));
    event.real(event_field::kDoubleCounter, sample.value);
    packet.message(packet_field::kTrackEvent, event);
    put(packet);
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

  void annotate_slice(Message& event, const SliceEvent& of) const {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t k = of.slice;
    if (s.is_task(k)) annotate(event, "task", s.task[k]);
    if (s.iteration[k] != kNoIndex) annotate(event, "iteration", s.iteration[k]);
    for_each_instant(s, k, [&](std::string_view name, Nanoseconds at) {
      annotate(event, fmt::format("{}_ns", name), at);
    });
    for (const SliceDetail& detail : of.details) {
      Message annotation;
      annotation.text(annotation_field::kString, trace_.strings[detail.value]);
      annotation.text(annotation_field::kName, trace_.strings[detail.key]);
      event.message(event_field::kAnnotation, annotation);
    }
  }

  // A flow's id is not 0.
  static void add_flows(Message& event, const SliceEvent& of) {
    for (std::uint64_t arrow = of.first_out; arrow < of.end_out; ++arrow)
      event.fixed64(event_field::kFlow, arrow + 1);
    for (const std::uint32_t arrow : of.in)
      event.fixed64(event_field::kTerminatingFlow, std::uint64_t{arrow} + 1);
  }

  void describe_counter(std::uint32_t track) {
    if (described_[track]) return;
    described_[track] = true;
    Message descriptor;
    descriptor.varint(descriptor_field::kUuid, counter_track(track));
    descriptor.text(descriptor_field::kName, trace_.strings[track]);
    descriptor.message(descriptor_field::kCounter, Message());
    put_descriptor(descriptor);
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
  const Nanoseconds zero_ = earliest(trace_);
  std::unordered_map<std::string, std::uint64_t> names_{};
  std::vector<bool> described_;  // counter tracks, by string
  bool is_first_ = true;
};

}  // namespace

Result<ExportCounts> export_perfetto(const Trace& trace, const std::string& path) {
  return write_export(path, [&](TextFile& file) { return PerfettoWriter(trace, file).run(); });
}

}  // namespace mk
