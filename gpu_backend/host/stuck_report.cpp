#include "gpu_backend/host/stuck_report.h"

#include <fmt/format.h>

#include <vector>

namespace mk {
namespace {

using protocol::Activity;
using protocol::Where;
using HostLaunch = protocol::Launch<HostMemory>;

constexpr std::uint32_t kLanesShown = 64;
constexpr std::uint32_t kEventsShown = 8;
constexpr std::uint32_t kProducersShown = 8;

class StuckReport {
 public:
  StuckReport(const TaskGraph& graph, const HostLaunch& launch, std::uint8_t device)
      : graph_(graph),
        launch_(launch),
        device_(device),
        iteration_(launch.counters[0].load() - 1) {}

  std::string text() const {
    std::string out = fmt::format("nothing moved for {:g} s in iteration {}",
                                  static_cast<double>(launch_.deadline_ns) * 1e-9, iteration_);
    const std::uint32_t shown = std::min(launch_.lanes(), kLanesShown);
    for (std::uint32_t lane = 0; lane < shown; ++lane) out += "\n" + lane_line(lane);
    if (shown < launch_.lanes()) out += fmt::format("\n... {} lanes more", launch_.lanes() - shown);
    return out + event_lines();
  }

 private:
  std::string counts(std::uint32_t event) const {
    return fmt::format("{} of {} notifications",
                       launch_.counters[event].load() - trigger_count(event) * iteration_,
                       trigger_count(event));
  }

  std::uint32_t trigger_count(std::uint32_t event) const {
    return event == launch_.end_event ? launch_.end_count : graph_.events().trigger_count[event];
  }

  // Its counter is here.
  bool is_own(std::uint32_t event) const {
    return event == 0 || event == launch_.end_event || graph_.events().device[event] == device_;
  }

  std::string task(std::uint32_t id) const {
    return fmt::format("{} ({})", id, graph_.task_name(TaskId(id)));
  }

  bool is_active(std::uint32_t event) const {
    return protocol::is_reached(launch_.counters[event].load(), trigger_count(event), iteration_);
  }

  std::string lane_line(std::uint32_t lane) const {
    const bool is_worker = lane < launch_.roles.workers;
    const std::string who = is_worker ? fmt::format("worker {}: ", lane)
                                      : fmt::format("scheduler {}: ", lane - launch_.roles.workers);
    const Where where = protocol::where_of(launch_.where[lane].word.load());
    switch (where.activity) {
      case Activity::kStarting:
        return who + "has not started";
      case Activity::kExecuting:
        return who + "executes task " + task(where.id);
      case Activity::kWaiting: {
        const std::uint32_t event = graph_.tasks().dependent_event[where.id];
        return fmt::format("{}waits with task {} for event {}: {}", who, task(where.id), event,
                           counts(event));
      }
      case Activity::kIdle:
        return who + (is_worker ? "idle, its queues are empty" : "idle, its queue is empty");
      case Activity::kDispatching:
        return fmt::format("{}dispatches event {}", who, where.id);
      case Activity::kPreparing:
        return fmt::format("{}prepares iteration {}", who, where.iteration + 1);
      case Activity::kMeeting:
        return fmt::format("{}has ended iteration {}, waits for the other devices", who,
                           where.iteration);
    }
    return who;
  }

  // Events that are not active although all tasks that notify them could run.
  std::vector<std::uint32_t> overdue_events() const {
    std::vector<std::uint8_t> is_blocked(graph_.event_count(), 0);
    for (std::uint32_t t = 0; t < graph_.task_count(); ++t) {
      // What the tasks of other devices wait for is not known here.
      if (graph_.op_of(TaskId(t)).device != device_) continue;
      if (!is_active(graph_.tasks().dependent_event[t])) {
        is_blocked[graph_.tasks().triggering_event[t]] = 1;
      }
    }
    std::vector<std::uint32_t> overdue;
    for (std::uint32_t e = 0; e < graph_.event_count(); ++e) {
      if (is_own(e) && is_blocked[e] == 0 && !is_active(e)) overdue.push_back(e);
    }
    return overdue;
  }

  std::string producers(std::uint32_t event) const {
    std::string out;
    std::uint32_t found = 0;
    for (std::uint32_t t = 0; t < graph_.task_count(); ++t) {
      if (graph_.tasks().triggering_event[t] != event || ++found > kProducersShown) continue;
      out += (found == 1 ? "" : ", ") + task(t);
    }
    return found > kProducersShown ? out + fmt::format(" and {} more", found - kProducersShown)
                                   : out;
  }

  std::string event_lines() const {
    const std::vector<std::uint32_t> overdue = overdue_events();
    std::string out;
    for (std::uint32_t i = 0; i < overdue.size() && i < kEventsShown; ++i) {
      out += fmt::format("\nevent {} should have come: {}; it is notified by {}", overdue[i],
                         counts(overdue[i]), producers(overdue[i]));
    }
    if (overdue.size() > kEventsShown) {
      out += fmt::format("\n... {} events more", overdue.size() - kEventsShown);
    }
    return out;
  }

  const TaskGraph& graph_;
  const HostLaunch& launch_;
  std::uint8_t device_;
  std::uint32_t iteration_;
};

}  // namespace

std::string stuck_report(const TaskGraph& graph, const HostLaunch& launch, std::uint8_t device) {
  return StuckReport(graph, launch, device).text();
}

std::string overflow_report(const char* queue, std::uint32_t index, const HostLaunch& launch) {
  return fmt::format("the {} {} is full in iteration {}: give queues more than this capacity",
                     queue, index, launch.counters[0].load() - 1);
}

}  // namespace mk
