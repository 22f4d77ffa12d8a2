#include "core/compiler/normalise.h"

namespace mk::compiler {
namespace {

bool is_set(std::uint32_t code) { return code != kNoIndex && (code & kEventSet) != 0; }

// One direction: the codes of what tasks wait for, or of what they notify.
class SetReplacement {
 public:
  // `others`, by event: what else waits for it, or notifies it, besides the tasks of `codes`.
  SetReplacement(EventPlan& plan, std::vector<std::uint32_t>& codes,
                 const std::vector<std::uint8_t>& device_of, std::vector<std::uint32_t> others)
      : plan_(plan), codes_(codes), device_of_(device_of), tasks_of_(std::move(others)) {
    tasks_of_.resize(plan.events, 0);
    tasks_with_.assign(plan.sets.size(), 0);
    for (const std::uint32_t code : codes_) {
      if (is_set(code)) ++tasks_with_[code & ~kEventSet];
      for_each_event(code, [&](std::uint32_t event) { ++tasks_of_[event]; });
    }
  }

  // `join(task, single event, event of the set)`: makes the empty task between the two.
  template <typename Join>
  void replace(Join join) {
    std::vector<std::uint32_t> single(plan_.sets.size(), kNoIndex);
    for (std::uint32_t task = 0; task < codes_.size(); ++task) {
      if (!is_set(codes_[task])) continue;
      const std::uint32_t set = codes_[task] & ~kEventSet;
      if (single[set] == kNoIndex) {
        single[set] = single_event(set, device_of_[task]);
        for (const std::uint32_t event : plan_.sets[set]) {
          if (event != single[set]) join(task, single[set], event);
        }
      }
      codes_[task] = single[set];
    }
  }

 private:
  template <typename F>
  void for_each_event(std::uint32_t code, F&& f) const {
    if (code == kNoIndex) return;
    if (!is_set(code)) return f(code);
    for (const std::uint32_t event : plan_.sets[code & ~kEventSet]) f(event);
  }

  std::uint32_t single_event(std::uint32_t set, std::uint8_t device) {
    for (const std::uint32_t event : plan_.sets[set]) {
      if (tasks_of_[event] == tasks_with_[set] && plan_.device[event] == device) return event;
    }
    plan_.device.push_back(device);
    return plan_.events++;
  }

  EventPlan& plan_;
  std::vector<std::uint32_t>& codes_;
  const std::vector<std::uint8_t>& device_of_;
  std::vector<std::uint32_t> tasks_of_;      // by event
  std::vector<std::uint32_t> tasks_with_{};  // by set
};

}  // namespace

std::vector<EmptyTask> normalise(EventPlan& plan, const std::vector<std::uint8_t>& device_of) {
  std::vector<EmptyTask> empty;
  SetReplacement(plan, plan.waits_for, device_of, {})
      .replace([&](std::uint32_t task, std::uint32_t single, std::uint32_t event) {
        empty.push_back({task, event, single});
      });
  std::vector<std::uint32_t> arrivals(plan.events, 0);
  for (const EmptyTask& task : empty) ++arrivals[task.notifies];
  SetReplacement(plan, plan.notifies, device_of, std::move(arrivals))
      .replace([&](std::uint32_t task, std::uint32_t single, std::uint32_t event) {
        empty.push_back({task, single, event});
      });
  plan.sets.clear();
  return empty;
}

}  // namespace mk::compiler
