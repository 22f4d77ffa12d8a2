// A program whose results depend on every dependency: each task mixes what the producers of its
// dependent event wrote, in plain memory, so that a missing order is a wrong value and a data race.
#pragma once

#include <cstdint>
#include <vector>

#include "core/iteration_state.h"
#include "core/task_graph.h"

namespace mk::testing {

class MixingProgram {
 public:
  MixingProgram(const TaskGraph& graph, std::uint32_t iterations)
      : graph_(graph), iterations_(iterations), producers_(graph.event_count()) {
    for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
      producers_[graph.tasks().triggering_event[t]].push_back(t);
    }
    values_.resize(graph.task_count());
    worker_of_.resize(graph.task_count());
  }

  void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration) {
    std::uint64_t sum = salt_ + task + iteration;
    for (const std::uint32_t p : producers_[graph_.tasks().dependent_event[task]]) {
      sum = sum * 31 + values_[p];
    }
    values_[task] = values_[task] * 7 + sum;
    worker_of_[task] = worker;
  }

  bool prepare(std::uint32_t iteration, IterationState& state) {
    // Reads what the tasks before `end` wrote, writes what the tasks after `begin` read.
    for (const std::uint32_t p : producers_[graph_.end_event().index]) salt_ += values_[p];
    salt_ += iteration;
    state.requests.push_back({iteration, 1});
    return iteration < iterations_;
  }

  // What all of it comes to, tasks in linear order on one thread.
  static std::vector<std::uint64_t> expected(const TaskGraph& graph, std::uint32_t iterations) {
    MixingProgram serial(graph, iterations);
    IterationState state;
    for (std::uint32_t i = 0; serial.prepare(i, state); ++i) {
      for (std::uint32_t t = 0; t < graph.task_count(); ++t) serial.execute(0, t, i);
    }
    return serial.values_;
  }

  const std::vector<std::uint64_t>& values() const { return values_; }
  const std::vector<std::uint32_t>& worker_of() const { return worker_of_; }

 private:
  const TaskGraph& graph_;
  std::uint32_t iterations_;
  std::vector<std::vector<std::uint32_t>> producers_;  // an event
  std::uint64_t salt_ = 0;
  std::vector<std::uint64_t> values_{};
  std::vector<std::uint32_t> worker_of_{};  // in the last iteration
};

}  // namespace mk::testing
