// What the threads wrote down becomes a RunRecord.
#include <fmt/format.h>

#include <algorithm>

#include "gpu_backend/host/run_threads.h"

namespace mk {
namespace {

class RecordMaker {
 public:
  RecordMaker(const TaskGraph& graph, const HostRunOptions& options, const RunRows& rows)
      : graph_(graph),
        options_(options),
        rows_(rows),
        zero_(rows.iterations.empty() ? 0 : rows.iterations.front().start) {}

  void fill(RunRecord& record) {
    add_lanes(record);
    if (options_.record) {
      find_activations();
      add_tasks(record);
      add_activations(record);
      add_clock(record);
      add_health(record);
    }
  }

  Nanoseconds at(std::uint64_t ticks) const { return rows_.clock.nanoseconds(ticks, zero_); }

 private:
  std::uint32_t lanes_of_device() const {
    return options_.roles.workers + options_.roles.schedulers;
  }

  Nanoseconds at_if_taken(std::uint64_t ticks) const { return ticks == 0 ? kNotTaken : at(ticks); }

  // Rows of (iteration, id) tables.
  std::size_t row(std::uint32_t iteration, std::uint32_t width, std::uint32_t id) const {
    return std::size_t{iteration} * width + id;
  }

  void add_lanes(RunRecord& record) const {
    for (std::uint32_t lane = 0; lane < rows_.lanes.size(); ++lane) {
      const std::uint32_t on_device = lane % lanes_of_device();
      const bool is_worker = on_device < options_.roles.workers;
      Lane& added = record.lanes.emplace_back();
      added.kind = is_worker ? LaneKind::kWorker : LaneKind::kScheduler;
      added.device = static_cast<std::uint8_t>(lane / lanes_of_device());
      added.number = is_worker ? on_device : on_device - options_.roles.workers;
      if (!rows_.core_of_lane.empty()) added.sm = rows_.core_of_lane[lane];
    }
  }

  void find_activations() {
    const std::size_t iterations = rows_.iterations.size();
    activated_.assign(iterations * graph_.event_count(), kNotTaken);
    enqueued_.assign(iterations * graph_.task_count(), kNotTaken);
    for (std::uint32_t i = 0; i < iterations; ++i) {
      activated_[row(i, graph_.event_count(), 0)] = at(rows_.iterations[i].start);
    }
    for (const LaneBuffers& lane : rows_.lanes) {
      for (const TaskRow& t : lane.tasks.rows()) {
        if (!t.activated) continue;
        const std::uint32_t event = graph_.tasks().triggering_event[t.task.id];
        activated_[row(t.task.iteration, graph_.event_count(), event)] = at(t.stamps.notified);
      }
      for (const EnqueueRow& e : lane.enqueued.rows()) {
        enqueued_[row(e.task.iteration, graph_.task_count(), e.task.id)] = at(e.enqueued);
      }
    }
    if (graph_.info().devices > 1) complete_activations();
    end_activations_by_starts();
  }

  // Who activates an event takes the time behind its arrival, and may be held up in between: a task
  // that depends on it starts meanwhile. So it was active by the first start at the latest.
  void end_activations_by_starts() {
    for (const LaneBuffers& lane : rows_.lanes) {
      for (const TaskRow& t : lane.tasks.rows()) {
        const std::uint32_t event = graph_.tasks().dependent_event[t.task.id];
        Nanoseconds& instant = activated_[row(t.task.iteration, graph_.event_count(), event)];
        instant = std::min(instant, at(t.stamps.start));
      }
    }
  }

  // Where several devices notify an event, nobody may have seen the last arrival: it is the latest
  // that was recorded. Each device has its own `end`: it is the last one's.
  void complete_activations() {
    std::vector<Nanoseconds> latest(activated_.size(), kNotTaken);
    for (const LaneBuffers& lane : rows_.lanes) {
      for (const TaskRow& t : lane.tasks.rows()) {
        const std::uint32_t event = graph_.tasks().triggering_event[t.task.id];
        Nanoseconds& instant = latest[row(t.task.iteration, graph_.event_count(), event)];
        if (t.stamps.notified != 0) instant = std::max(instant, at(t.stamps.notified));
      }
    }
    for (std::size_t i = 0; i < activated_.size(); ++i) {
      if (activated_[i] == kNotTaken) activated_[i] = latest[i];
    }
    for (std::uint32_t i = 0; i < rows_.iterations.size(); ++i) {
      activated_[row(i, graph_.event_count(), graph_.end_event().index)] =
          at(rows_.iterations[i].end);
    }
  }

  void add_tasks(RunRecord& record) const {
    std::size_t total = 0;
    for (const LaneBuffers& lane : rows_.lanes) total += lane.tasks.rows().size();
    record.tasks.reserve(total);
    for (std::uint32_t lane = 0; lane < rows_.lanes.size(); ++lane) {
      for (const TaskRow& t : rows_.lanes[lane].tasks.rows()) {
        TaskRecord& task = record.tasks.emplace_back();
        task.task = t.task.id;
        task.iteration = t.task.iteration;
        task.lane = lane;
        task.enqueued = enqueued_[row(t.task.iteration, graph_.task_count(), t.task.id)];
        task.fetched = at(t.stamps.fetched);
        task.preload = at_if_taken(t.stamps.preload);
        task.ready = activated_[row(t.task.iteration, graph_.event_count(),
                                    graph_.tasks().dependent_event[t.task.id])];
        task.start = at(t.stamps.start);
        task.end = at(t.stamps.end);
        task.notified = at_if_taken(t.stamps.notified);
      }
    }
  }

  // One row for each dispatcher that had the event in hand, else one without a lane.
  void add_activations(RunRecord& record) const {
    std::vector<std::uint8_t> is_dispatched(activated_.size(), 0);
    for (std::uint32_t lane = 0; lane < rows_.lanes.size(); ++lane) {
      for (const DispatchRow& d : rows_.lanes[lane].dispatched.rows()) {
        const std::size_t index = row(d.event.iteration, graph_.event_count(), d.event.id);
        is_dispatched[index] = 1;
        record.activations.push_back({d.event.id, d.event.iteration, activated_[index],
                                      at(d.dequeued), at(d.launched), lane});
      }
    }
    for (std::size_t index = 0; index < activated_.size(); ++index) {
      if (is_dispatched[index] != 0 || activated_[index] == kNotTaken) continue;
      const auto iteration = static_cast<std::uint32_t>(index / graph_.event_count());
      const auto event = static_cast<std::uint32_t>(index % graph_.event_count());
      record.activations.push_back(
          {event, iteration, activated_[index], kNotTaken, kNotTaken, std::nullopt});
    }
  }

  void add_clock(RunRecord& record) const {
    const auto half_width = static_cast<Nanoseconds>(rows_.clock.uncertainty_ns() + 1);
    for (std::uint32_t device = 0; device < graph_.info().devices; ++device) {
      record.clocks.push_back({static_cast<std::uint8_t>(device), half_width, 0});
    }
  }

  void add_health(RunRecord& record) const {
    for (std::uint32_t lane = 0; lane < rows_.lanes.size(); ++lane) {
      const LaneBuffers& l = rows_.lanes[lane];
      const std::uint64_t dropped =
          l.tasks.dropped() + l.enqueued.dropped() + l.dispatched.dropped();
      if (dropped == 0) continue;
      const Lane& known = record.lanes[lane];
      record.health.push_back(
          {"records_dropped", static_cast<std::int64_t>(dropped),
           fmt::format(
               "the recorder of {} {}{} was full: {} task, {} enqueue, {} dispatch rows lost",
               name_of(known.kind), known.number,
               graph_.info().devices > 1 ? fmt::format(" of device {}", known.device) : "",
               l.tasks.dropped(), l.enqueued.dropped(), l.dispatched.dropped())});
    }
  }

  const TaskGraph& graph_;
  const HostRunOptions& options_;
  const RunRows& rows_;
  std::uint64_t zero_;
  std::vector<Nanoseconds> activated_{};  // iteration x event
  std::vector<Nanoseconds> enqueued_{};   // iteration x task
};

void fill_meta(RunRecord& record, const HostRunOptions& options, const RunRows& rows) {
  record.meta["source"] = "host";
  record.meta["policy"] = facts(options.policy.kind).name;
  record.meta["placement"] = name_of(options.policy.placement);
  record.meta["workers"] = fmt::format("{}", options.roles.workers);
  record.meta["schedulers"] = fmt::format("{}", options.roles.schedulers);
  record.meta["cores"] = fmt::format("{}", usable_cores());
  record.meta["pinned"] = rows.core_of_lane.empty() ? "no" : "yes";
  record.meta["clock"] = ticks_are_tsc() ? "tsc" : "steady_clock";
  const std::string injected = to_text(options.injections);
  if (!injected.empty()) record.meta["injections"] = injected;
}

}  // namespace

RunRecord make_run_record(std::shared_ptr<const TaskGraph> graph, const HostRunOptions& options,
                          RunRows& rows, std::vector<IterationState> states) {
  RunRecord record;
  record.policy = options.policy;
  record.roles = options.roles;
  fill_meta(record, options, rows);
  RecordMaker maker(*graph, options, rows);
  maker.fill(record);
  for (std::uint32_t i = 0; i < rows.iterations.size(); ++i) {
    record.iterations.push_back({0, maker.at(rows.iterations[i].start),
                                 maker.at(rows.iterations[i].end), std::move(states[i])});
  }
  record.graphs.push_back(std::move(graph));
  return record;
}

}  // namespace mk
