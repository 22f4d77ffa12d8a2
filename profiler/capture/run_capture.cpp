#include "profiler/capture/run_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "profiler/capture/capture_trace.h"
#include "profiler/capture/clock_alignment.h"
#include "traces/append_spans.h"

namespace mk::capture {
namespace {

// One device's clock on CUPTI's axis.
struct DeviceClock {
  ClockReadings readings{};
  ClockAlignment alignment{};
  Nanoseconds first_stamp = 0;  // on CUPTI's axis
  // From the first start to the last end of its other kernels between the stamps; equal: none.
  Nanoseconds kernels_start = 0;
  Nanoseconds kernels_end = 0;

  Nanoseconds to_host(Nanoseconds instant) const {
    return alignment.to_host(readings.zero + instant);
  }
  Nanoseconds uncertainty() const {
    return std::max(alignment.before.uncertainty(), alignment.after.uncertainty());
  }
};

using Kernels = std::vector<const Kernel*>;

// By start: the stamp kernels of a device, or all others.
Kernels kernels_of(const CaptureLog& log, const ClockReadings& readings, bool are_stamps) {
  Kernels found;
  for (const Activity& activity : log.activities) {
    const auto* kernel = std::get_if<Kernel>(&activity);
    if (kernel == nullptr || kernel->device != readings.device || kernel->start == 0) continue;
    const bool is_stamp = log.text(kernel->name).find(readings.kernel) != std::string_view::npos;
    if (is_stamp == are_stamps) found.push_back(kernel);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Kernel* a, const Kernel* b) { return a->start < b->start; });
  return found;
}

std::vector<ClockStamp> stamps_of(const std::vector<Nanoseconds>& readings,
                                  std::span<const Kernel* const> kernels) {
  std::vector<ClockStamp> stamps;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    stamps.push_back({readings[i], readings[i], static_cast<Nanoseconds>(kernels[i]->start),
                      static_cast<Nanoseconds>(kernels[i]->end)});
  }
  return stamps;
}

Result<DeviceClock> device_clock(const CaptureLog& log, const ClockReadings& readings) {
  const Kernels kernels = kernels_of(log, readings, true);
  const std::size_t wanted = readings.before.size() + readings.after.size();
  if (kernels.size() != wanted || readings.before.empty() || readings.after.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("CUPTI saw {} of the {} kernels that read the clock of device {}",
                            kernels.size(), wanted, readings.device));
  }
  const std::span<const Kernel* const> all(kernels);
  const auto before = all.first(readings.before.size());
  const auto after = all.subspan(readings.before.size());
  const Result<ClockAlignment> alignment =
      align_clocks(stamps_of(readings.before, before), stamps_of(readings.after, after));
  if (!alignment) return tl::unexpected(alignment.error());
  DeviceClock clock{readings, *alignment, static_cast<Nanoseconds>(kernels.front()->start), 0, 0};
  for (const Kernel* k : kernels_of(log, readings, false)) {
    if (k->start < before.back()->end || k->end > after.front()->start) continue;
    const auto start = static_cast<Nanoseconds>(k->start);
    const auto end = static_cast<Nanoseconds>(k->end);
    const bool is_first = clock.kernels_start == clock.kernels_end;
    clock.kernels_start = is_first ? start : std::min(clock.kernels_start, start);
    clock.kernels_end = std::max(clock.kernels_end, end);
  }
  return clock;
}

Result<std::vector<DeviceClock>> device_clocks(const RunCapture& capture) {
  if (capture.clocks.empty())
    return fail(ErrorCode::kInvalidInput, "the run did not read its devices' clocks");
  std::vector<DeviceClock> clocks;
  for (const ClockReadings& readings : capture.clocks) {
    Result<DeviceClock> clock = device_clock(capture.log, readings);
    if (!clock) return tl::unexpected(clock.error());
    clocks.push_back(std::move(*clock));
  }
  return clocks;
}

// Moves a record's instants from the devices' clocks to the common axis.
class Mover {
 public:
  Mover(RunRecord& record, const std::vector<DeviceClock>& clocks)
      : record_(record), clocks_(clocks), zero_(clocks.front().to_host(0)) {}

  Nanoseconds zero() const { return zero_; }  // on CUPTI's axis

  void move_all() {
    const DeviceClock& first = clocks_.front();  // has the iterations
    for (IterationRecord& i : record_.iterations) move(first, {&i.start, &i.end});
    for (RequestRecord& r : record_.requests)
      move(first, {&r.arrival, &r.admitted, &r.first_token, &r.done});
    for (CounterSample& c : record_.counters) move(first, {&c.time});
    for (TaskRecord& t : record_.tasks) {
      move(of_lane(t.lane), {&t.enqueued, &t.fetched, &t.ready, &t.preload, &t.page, &t.start,
                             &t.first_data, &t.end, &t.notified});
    }
    for (SpanRecord& s : record_.spans) move(of_lane(s.lane), {&s.start, &s.end});
    for (ActivationRecord& a : record_.activations)
      move(of_event(a), {&a.activated, &a.dequeued, &a.launched});
    if (clocks_.size() > 1) find_activations();
  }

 private:
  // Where producers are on several devices, only the common axis says which of them came last.
  void find_activations() {
    struct Arrivals {
      std::uint32_t count = 0;
      Nanoseconds last = kNotTaken;
    };
    std::map<std::pair<std::uint32_t, std::uint32_t>, Arrivals> arrivals;  // iteration, event
    for (const TaskRecord& t : record_.tasks) {
      if (t.notified == kNotTaken) continue;
      Arrivals& at =
          arrivals[{t.iteration, graph_of(t.iteration).tasks().triggering_event[t.task]}];
      ++at.count;
      at.last = std::max(at.last, t.notified);
    }
    const auto activated = [&](std::uint32_t iteration, std::uint32_t event, Nanoseconds& instant) {
      const auto at = arrivals.find({iteration, event});
      if (event == kNoIndex || at == arrivals.end()) return;
      if (at->second.count == graph_of(iteration).events().trigger_count[event])
        instant = at->second.last;
    };
    for (TaskRecord& t : record_.tasks)
      activated(t.iteration, graph_of(t.iteration).tasks().dependent_event[t.task], t.ready);
    for (ActivationRecord& a : record_.activations) activated(a.iteration, a.event, a.activated);
  }

  const TaskGraph& graph_of(std::uint32_t iteration) const {
    return *record_.graphs[record_.iterations[iteration].graph];
  }
  const DeviceClock& of_device(std::uint8_t device) const {
    for (const DeviceClock& clock : clocks_) {
      if (clock.readings.device == device) return clock;
    }
    return clocks_.front();
  }
  const DeviceClock& of_lane(std::uint32_t lane) const {
    return of_device(record_.lanes[lane].device);
  }
  const DeviceClock& of_event(const ActivationRecord& a) const {
    if (a.lane) return of_lane(*a.lane);
    return of_device(graph_of(a.iteration).events().device[a.event]);
  }

  void move(const DeviceClock& clock, std::initializer_list<Nanoseconds*> instants) const {
    for (Nanoseconds* at : instants) {
      if (*at != kNotTaken) *at = clock.to_host(*at) - zero_;
    }
  }

  RunRecord& record_;
  const std::vector<DeviceClock>& clocks_;
  Nanoseconds zero_;
};

// The first start and the last end of a device's tasks, as in the record; false iff it has none.
bool task_limits(const RunRecord& record, std::uint8_t device, Nanoseconds& first,
                 Nanoseconds& last) {
  bool is_found = false;
  for (const TaskRecord& t : record.tasks) {
    if (record.lanes[t.lane].device != device) continue;
    first = is_found ? std::min(first, t.start) : t.start;
    last = is_found ? std::max(last, t.end) : t.end;
    is_found = true;
  }
  return is_found;
}

std::string text_of(const OffsetInterval& offset) {
  return fmt::format("{}..{}", offset.low, offset.high);
}

// Requires: the record's instants are still the device's.
void describe_clock(RunRecord& record, const DeviceClock& clock) {
  const ClockAlignment& a = clock.alignment;
  const std::uint8_t device = clock.readings.device;
  Nanoseconds first = 0;
  Nanoseconds last = 0;
  Nanoseconds sticks_out = 0;
  if (task_limits(record, device, first, last) && clock.kernels_start != clock.kernels_end) {
    sticks_out = residual(a, clock.readings.zero + first, clock.readings.zero + last,
                          clock.kernels_start, clock.kernels_end);
  }
  record.clocks.push_back({device, clock.uncertainty(), a.drift_ppm()});
  std::string& meta = record.meta["clock_alignment"];
  meta += fmt::format("{}{}:{}:{}:{}", meta.empty() ? "" : " ", device, text_of(a.before),
                      text_of(a.after), sticks_out);
  if (sticks_out <= clock.uncertainty()) return;
  record.health.push_back(
      {"clocks_disagree", 1,
       fmt::format("tasks of device {} begin before or end after CUPTI's record of their kernel "
                   "by {} ns; the clocks are known to {} ns",
                   device, sticks_out, clock.uncertainty())});
}

// A device that is on the first one's clock is known as well as both together.
void describe_clocks(RunRecord& record, const std::vector<DeviceClock>& clocks) {
  const std::vector<ClockRecord> known = std::exchange(record.clocks, {});
  for (const DeviceClock& clock : clocks) describe_clock(record, clock);
  for (ClockRecord of : known) {
    const auto is_of = [&](const DeviceClock& c) { return c.readings.device == of.device; };
    if (std::any_of(clocks.begin(), clocks.end(), is_of)) continue;
    of.uncertainty += clocks.front().uncertainty();
    record.clocks.push_back(of);
  }
}

}  // namespace

Trace join_capture(RunRecord record, const RunCapture& capture) {
  const CaptureLog& log = capture.log;
  const Result<std::vector<DeviceClock>> clocks = device_clocks(capture);
  if (!log.tool.empty()) record.meta["captured_by"] = log.tool;
  if (!clocks) {
    Trace trace = make_trace(record);
    const Trace doubts = make_trace({&log, 1});
    trace.health.insert(trace.health.end(), doubts.health.begin(), doubts.health.end());
    trace.health.push_back({"clocks_not_aligned", 1,
                            clocks.error().message + ": CUPTI's records are left out, and times "
                                                     "are the device's own"});
    return trace;
  }
  describe_clocks(record, *clocks);
  Mover mover(record, *clocks);
  mover.move_all();
  Nanoseconds from = clocks->front().first_stamp;
  for (const DeviceClock& clock : *clocks) from = std::min(from, clock.first_stamp);
  Trace trace = make_trace(record);
  const std::size_t left_out =
      append_spans(trace, make_trace(log, static_cast<Time>(mover.zero())), from - mover.zero());
  trace.meta["spans_before_run"] = std::to_string(left_out);
  return trace;
}

}  // namespace mk::capture
