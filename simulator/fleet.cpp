#include "simulator/fleet.h"

namespace mk::simulator {

Fleet::Fleet(const TaskGraph& graph, const Roles& roles)
    : graph_(graph), roles_(roles), devices_(graph.info().devices) {
  std::uint32_t task = graph.events().first_task[0];
  const std::uint32_t end = graph.events().end_task[0];
  for (std::uint32_t device = 0; device < devices_; ++device) {
    TaskRange range{task, task};
    while (range.end < end && graph.op_of(TaskId(range.end)).device <= device) ++range.end;
    begins_.push_back(range);
    task = range.end;
    for (std::uint32_t d = 0; d < roles_.dispatchers(); ++d) {
      const WorkerRange own = mk::workers_of(roles_, d);
      own_.push_back({own.begin + device * roles_.workers, own.end + device * roles_.workers});
    }
  }
}

TaskRange Fleet::launched(std::uint32_t event, std::uint32_t device) const {
  if (event == 0) return begins_[device];
  const std::uint32_t first = graph_.events().first_task[event];
  if (device != device_of_event(event)) return {first, first};
  return {first, graph_.events().end_task[event]};
}

std::uint32_t Fleet::scheduler_of(std::uint32_t event) const {
  return device_of_event(event) * roles_.schedulers + mk::scheduler_of(roles_, event);
}

TaskRange Fleet::share_of(std::uint32_t dispatcher, std::uint32_t event) const {
  const std::uint32_t device = device_of_dispatcher(dispatcher);
  const TaskRange all = launched(event, device);
  const WorkerRange own = own_[dispatcher];
  const std::uint32_t before = device * roles_.workers;
  return mk::share_of(roles_, dispatcher - device * roles_.dispatchers(),
                      {own.begin - before, own.end - before}, event, all.begin, all.end);
}

const TaskRange* Fleet::find_shares(std::uint32_t event) const {
  const TaskRange all = launched(event, 0);
  const std::uint32_t tasks = all.end - all.begin;
  if (devices_ > 1 || tasks > kLongestShort || !mk::is_broadcast(roles_, tasks)) return nullptr;
  const std::uint32_t turns = active_schedulers(roles_);
  std::vector<TaskRange>& table = shares_[tasks];
  for (std::uint32_t turn = 0; table.size() < std::size_t{turns} * roles_.schedulers; ++turn) {
    for (std::uint32_t s = 0; s < roles_.schedulers; ++s)
      table.push_back(mk::share_of(roles_, s, own_[s], turn, 0, tasks));
  }
  return &table[std::size_t{event % turns} * roles_.schedulers];
}

bool Fleet::is_broadcast(std::uint32_t event) const {
  const TaskRange all = launched(event, device_of_event(event));
  return event == 0 || mk::is_broadcast(roles_, all.end - all.begin);
}

DispatcherState Fleet::initial_state(std::uint32_t dispatcher) const {
  return mk::initial_state(roles_,
                           dispatcher - device_of_dispatcher(dispatcher) * roles_.dispatchers());
}

PlacementTables place_fleet(const TaskGraph& graph, const Policy& policy, const Roles& roles) {
  PlacementTables all = make_placement(graph, policy, roles);
  for (std::uint8_t device = 1; device < graph.info().devices; ++device) {
    const PlacementTables one = make_placement(graph, policy, roles, device);
    const auto before = static_cast<std::uint32_t>(all.list_tasks.size());
    for (std::uint32_t w = 1; w < one.list_first.size(); ++w) {
      all.list_first.push_back(before + one.list_first[w]);
    }
    all.list_tasks.insert(all.list_tasks.end(), one.list_tasks.begin(), one.list_tasks.end());
    all.phase_step.insert(all.phase_step.end(), one.phase_step.begin(), one.phase_step.end());
    for (std::size_t e = 0; e < all.launches_jit.size(); ++e) {
      all.launches_jit[e] |= one.launches_jit[e];
    }
  }
  return all;
}

}  // namespace mk::simulator
