#include "core/policy.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace mk {
namespace {

struct PlacementName {
  Placement placement;
  std::string_view name;
};
constexpr std::array kPlacementNames = {
    PlacementName{Placement::kRoundRobin, "round-robin"},
    PlacementName{Placement::kSwizzle, "swizzle"},
    PlacementName{Placement::kLongestFirst, "longest-first"},
    PlacementName{Placement::kEarliestFinish, "earliest-finish"},
    PlacementName{Placement::kLocality, "locality"},
};

// What the rules see: the tasks to place, in task order, and how long each lasts (any unit).
struct Work {
  const TaskGraph& graph;
  std::uint32_t workers;
  std::vector<std::uint32_t> tasks{};  // to be placed ahead
  std::vector<double> length{};        // of every task of the graph, for rules that look at it
};

double bytes_of(const TaskClass& task_class) {
  const IterationState one = decode_step(1, 1);
  // A task without bytes still costs its hand-off; the unit is a byte, so 1 only breaks ties.
  return 1 + static_cast<double>(task_class.weight_bytes.at(one) + task_class.kv_bytes.at(one) +
                                 task_class.activation_bytes.at(one));
}

std::vector<double> lengths(const TaskGraph& graph, std::span<const double> task_us) {
  if (!task_us.empty()) return {task_us.begin(), task_us.end()};
  std::vector<double> of_class;
  of_class.reserve(graph.classes().size());
  for (const TaskClass& c : graph.classes()) of_class.push_back(bytes_of(c));
  std::vector<double> length(graph.task_count(), 1.0);
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    length[t] = of_class[graph.tasks().task_class[t]];
  }
  return length;
}

// Each rule returns a worker for each of work.tasks.
using Workers = std::vector<std::uint32_t>;

Workers place_round_robin(const Work& work) {
  Workers result(work.tasks.size());
  std::uint32_t next = 0;
  for (std::uint32_t& worker : result) {
    worker = next;
    if (++next == work.workers) next = 0;
  }
  return result;
}

Workers place_swizzled(const Work& work) {
  Workers result(work.tasks.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto column = static_cast<std::uint32_t>(i % work.workers);
    result[i] = i / work.workers % 2 == 0 ? column : work.workers - 1 - column;
  }
  return result;
}

// The worker with the smallest value, the first of several.
std::uint32_t least(const std::vector<double>& values) {
  return static_cast<std::uint32_t>(std::min_element(values.begin(), values.end()) -
                                    values.begin());
}

// One event's range after the other, on the loads that the ranges before left.
Workers place_longest_first(const Work& work) {
  const std::vector<std::uint32_t>& event = work.graph.tasks().dependent_event;
  Workers result(work.tasks.size());
  std::vector<double> load(work.workers, 0.0);
  std::vector<std::uint32_t> order;
  for (std::size_t begin = 0, end = 0; begin < work.tasks.size(); begin = end) {
    while (end < work.tasks.size() && event[work.tasks[end]] == event[work.tasks[begin]]) ++end;
    order.resize(end - begin);
    std::iota(order.begin(), order.end(), static_cast<std::uint32_t>(begin));
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return work.length[work.tasks[a]] > work.length[work.tasks[b]];
    });
    for (const std::uint32_t i : order) {
      result[i] = least(load);
      load[result[i]] += work.length[work.tasks[i]];
    }
  }
  return result;
}

Workers place_earliest_finish(const Work& work) {
  const TaskColumns& columns = work.graph.tasks();
  Workers result(work.tasks.size());
  std::vector<double> free_at(work.workers, 0.0);
  std::vector<double> active_at(work.graph.event_count(), 0.0);
  std::size_t next = 0;
  for (std::uint32_t task = 0; task < work.graph.task_count(); ++task) {
    double finish = active_at[columns.dependent_event[task]] + work.length[task];
    if (next < work.tasks.size() && work.tasks[next] == task) {
      // All workers are alike: the one that is free first finishes it first.
      const std::uint32_t worker = least(free_at);
      finish =
          std::max(free_at[worker], active_at[columns.dependent_event[task]]) + work.length[task];
      free_at[worker] = finish;
      result[next++] = worker;
    }
    double& triggered = active_at[columns.triggering_event[task]];
    triggered = std::max(triggered, finish);
  }
  return result;
}

// A worker counts as overloaded once it has a quarter more than its fair share of what is placed.
inline constexpr double kOverload = 1.25;

class LocalityRule {
 public:
  explicit LocalityRule(const Work& work)
      : work_(work), votes_(work.workers, 0), load_(work.workers, 0.0) {
    index_producers();
  }

  Workers place() {
    Workers result(work_.tasks.size());
    worker_of_.assign(work_.graph.task_count(), kNoIndex);
    double total = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
      const std::uint32_t task = work_.tasks[i];
      total += work_.length[task];
      result[i] = choose(task, kOverload * total / work_.workers);
      load_[result[i]] += work_.length[task];
      worker_of_[task] = result[i];
    }
    return result;
  }

 private:
  void index_producers() {
    const std::vector<std::uint32_t>& event = work_.graph.tasks().triggering_event;
    first_producer_.assign(work_.graph.event_count() + 1, 0);
    for (const std::uint32_t e : event) ++first_producer_[e + 1];
    std::partial_sum(first_producer_.begin(), first_producer_.end(), first_producer_.begin());
    std::vector<std::uint32_t> at(first_producer_.begin(), first_producer_.end() - 1);
    producers_.resize(event.size());
    for (std::uint32_t task = 0; task < event.size(); ++task) producers_[at[event[task]]++] = task;
  }

  std::uint32_t choose(std::uint32_t task, double limit) {
    const std::uint32_t event = work_.graph.tasks().dependent_event[task];
    std::fill(votes_.begin(), votes_.end(), 0U);
    for (std::uint32_t i = first_producer_[event]; i < first_producer_[event + 1]; ++i) {
      const std::uint32_t worker = worker_of_[producers_[i]];
      if (worker != kNoIndex) ++votes_[worker];
    }
    std::uint32_t best = kNoIndex;
    for (std::uint32_t worker = 0; worker < work_.workers; ++worker) {
      if (votes_[worker] == 0 || load_[worker] + work_.length[task] > limit) continue;
      if (best == kNoIndex || votes_[worker] > votes_[best]) best = worker;
    }
    return best != kNoIndex ? best : least(load_);
  }

  const Work& work_;
  std::vector<std::uint32_t> first_producer_{};  // an event: into producers_
  std::vector<std::uint32_t> producers_{};
  std::vector<std::uint32_t> worker_of_{};
  std::vector<std::uint32_t> votes_;
  std::vector<double> load_;
};

Workers place(const Work& work, Placement placement) {
  switch (placement) {
    case Placement::kRoundRobin:
      return place_round_robin(work);
    case Placement::kSwizzle:
      return place_swizzled(work);
    case Placement::kLongestFirst:
      return place_longest_first(work);
    case Placement::kEarliestFinish:
      return place_earliest_finish(work);
    case Placement::kLocality:
      return LocalityRule(work).place();
  }
  MK_CHECK(false, "every placement has a rule");
  return {};
}

void fill_lists(PlacementTables& tables, const Work& work, const Workers& workers) {
  tables.list_first.assign(work.workers + 1, 0);
  for (const std::uint32_t worker : workers) ++tables.list_first[worker + 1];
  std::partial_sum(tables.list_first.begin(), tables.list_first.end(), tables.list_first.begin());
  std::vector<std::uint32_t> at(tables.list_first.begin(), tables.list_first.end() - 1);
  tables.list_tasks.resize(work.tasks.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    tables.list_tasks[at[workers[i]]++] = work.tasks[i];
  }
}

// A scheduler that deals n tasks to its range and goes on where it stopped has turned by n.
std::vector<std::uint32_t> phase_steps(const PlacementTables& tables, const Policy& policy,
                                       const Roles& roles) {
  std::vector<std::uint32_t> steps(roles.dispatchers(), 0);
  if (policy.placement != Placement::kRoundRobin || policy.kind == PolicyKind::kStatic) {
    return steps;
  }
  for (std::uint32_t d = 0; d < steps.size(); ++d) {
    const WorkerRange own = workers_of(roles, d);
    if (own.size() == 0) continue;
    steps[d] = (tables.list_first[own.end] - tables.list_first[own.begin]) % own.size();
  }
  return steps;
}

}  // namespace

std::optional<PolicyKind> policy_from_name(std::string_view name) {
  for (const PolicyFacts& f : kPolicies) {
    if (f.name == name) return f.kind;
  }
  return std::nullopt;
}

std::string_view name_of(Placement placement) {
  return kPlacementNames[static_cast<std::size_t>(placement)].name;
}

std::optional<Placement> placement_from_name(std::string_view name) {
  for (const PlacementName& p : kPlacementNames) {
    if (p.name == name) return p.placement;
  }
  return std::nullopt;
}

PlacementTables make_placement(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                               std::uint8_t device, std::span<const double> task_us) {
  MK_CHECK(facts(policy.kind).family == PolicyFamily::kMegakernel,
           "baselines have no placement tables");
  MK_CHECK(roles.workers >= 1, "somebody must execute");
  MK_CHECK(task_us.empty() || task_us.size() == graph.task_count(), "one estimate a task");
  Work work{graph, roles.workers};
  PlacementTables tables;
  tables.launches_jit.assign(graph.event_count(), 0);
  if (policy.kind != PolicyKind::kJit) work.tasks.reserve(graph.task_count());
  const bool is_alone = graph.info().devices == 1;
  for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
    if (!is_alone && graph.op_of(TaskId(task)).device != device) continue;
    if (is_jit_launched(policy.kind, graph.tasks().label[task])) {
      tables.launches_jit[graph.tasks().dependent_event[task]] = 1;
    } else {
      work.tasks.push_back(task);
    }
  }
  const bool by_count =
      policy.placement == Placement::kRoundRobin || policy.placement == Placement::kSwizzle;
  if (!work.tasks.empty() && !by_count) work.length = lengths(graph, task_us);
  fill_lists(tables, work, work.tasks.empty() ? Workers{} : place(work, policy.placement));
  tables.phase_step = phase_steps(tables, policy, roles);
  return tables;
}

}  // namespace mk
