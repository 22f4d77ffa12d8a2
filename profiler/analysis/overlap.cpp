#include "profiler/analysis/overlap.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace mk {
namespace {

enum class Sort : std::uint8_t { kOther, kCommunication, kCompute };

Sort sort_of(const Trace& trace, std::uint32_t k) {
  const SliceColumns& s = trace.slices;
  const LaneKind lane = trace.lanes[s.lane[k]].kind;
  if (s.is_task(k)) {
    const TaskKind kind = trace.graph_of(s.iteration[k]).tasks.kind[s.task[k]];
    return facts(kind).cost == CostClass::kCommunication ? Sort::kCommunication : Sort::kCompute;
  }
  if (lane == LaneKind::kLink) return Sort::kCommunication;
  if (lane != LaneKind::kStream) return Sort::kOther;
  return trace.strings[s.name[k]].starts_with("copy") ? Sort::kCommunication : Sort::kCompute;
}

struct Edge {
  Nanoseconds time;
  int communicating;  // change of how many do it
  int computing;
};

Overlap sweep(std::uint8_t device, std::vector<Edge>& edges) {
  std::sort(edges.begin(), edges.end(),
            [](const Edge& a, const Edge& b) { return a.time < b.time; });
  Overlap out{device};
  int communicating = 0;
  int computing = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const Nanoseconds passed = i == 0 ? 0 : edges[i].time - edges[i - 1].time;
    if (communicating > 0) out.communicating += passed;
    if (computing > 0) out.computing += passed;
    if (communicating > 0 && computing > 0) out.both += passed;
    communicating += edges[i].communicating;
    computing += edges[i].computing;
  }
  return out;
}

double ratio_of_largest(const std::vector<double>& values) {
  double sum = 0;
  double largest = 0;
  for (const double v : values) {
    sum += v;
    largest = std::max(largest, v);
  }
  return sum > 0 ? largest * static_cast<double>(values.size()) / sum : 1;
}

// Ratios of one operator (or of all), added up over iterations.
struct Ratios {
  double worker = 0;
  double task = 0;
  std::uint64_t iterations = 0;

  void add(const std::vector<double>& worker_times, const std::vector<double>& task_times) {
    worker += ratio_of_largest(worker_times);
    task += ratio_of_largest(task_times);
    ++iterations;
  }
  Imbalance row(const std::string& name) const {
    const auto n = static_cast<double>(iterations);
    return {name, worker / n, task / n};
  }
};

// Durations of tasks, and their sums by worker, of one operator in one iteration.
struct Times {
  std::vector<double> of_worker{};
  std::vector<double> of_task{};
};

}  // namespace

std::vector<Overlap> overlaps(const Trace& trace) {
  std::map<std::uint8_t, std::vector<Edge>> edges;
  for (std::uint32_t k = 0; k < trace.slices.size(); ++k) {
    const Sort sort = sort_of(trace, k);
    if (sort == Sort::kOther) continue;
    const int communicating = sort == Sort::kCommunication ? 1 : 0;
    auto& of_device = edges[trace.lanes[trace.slices.lane[k]].device];
    of_device.push_back({trace.slices.start[k], communicating, 1 - communicating});
    of_device.push_back({trace.slices.end[k], -communicating, communicating - 1});
  }
  std::vector<Overlap> out;
  for (auto& [device, of_device] : edges) out.push_back(sweep(device, of_device));
  return out;
}

std::vector<Imbalance> imbalances(const Trace& trace) {
  const SliceColumns& s = trace.slices;
  std::vector<std::uint32_t> tasks;
  for (std::uint32_t k = 0; k < s.size(); ++k) {
    if (s.is_task(k)) tasks.push_back(k);
  }
  std::stable_sort(tasks.begin(), tasks.end(), [&](std::uint32_t a, std::uint32_t b) {
    return s.iteration[a] < s.iteration[b];
  });
  std::vector<std::uint32_t> worker_of(trace.lanes.size());  // workers are numbered 0, 1 ...
  std::uint32_t workers = 0;
  for (std::size_t lane = 0; lane < trace.lanes.size(); ++lane) {
    worker_of[lane] = workers;
    workers += trace.lanes[lane].kind == LaneKind::kWorker ? 1 : 0;
  }
  std::vector<std::string> order;
  std::map<std::string, Ratios> ratios;
  Ratios all;
  for (std::size_t first = 0; first < tasks.size();) {
    std::map<std::string, Times> times;
    Times together;
    together.of_worker.resize(workers);
    const std::uint32_t iteration = s.iteration[tasks[first]];
    for (; first < tasks.size() && s.iteration[tasks[first]] == iteration; ++first) {
      const std::uint32_t k = tasks[first];
      if (trace.lanes[s.lane[k]].kind != LaneKind::kWorker) continue;
      const auto time = static_cast<double>(s.end[k] - s.start[k]);
      const std::string& name = trace.graph_of(iteration).op_of(s.task[k]).name;
      Times& mine = times[name];
      mine.of_worker.resize(workers);
      mine.of_worker[worker_of[s.lane[k]]] += time;
      mine.of_task.push_back(time);
      together.of_worker[worker_of[s.lane[k]]] += time;
      together.of_task.push_back(time);
      if (ratios.try_emplace(name).second) order.push_back(name);
    }
    for (const auto& [name, t] : times) ratios[name].add(t.of_worker, t.of_task);
    if (!together.of_task.empty()) all.add(together.of_worker, together.of_task);
  }
  std::vector<Imbalance> rows;
  if (all.iterations == 0) return rows;
  rows.push_back(all.row("(all tasks)"));
  for (const std::string& name : order) rows.push_back(ratios[name].row(name));
  return rows;
}

}  // namespace mk
