// PointRunner: predicts points, and compiles each distinct graph once for all points that need it.
//
// Safe from any number of threads; a graph is made by the first that needs it and is gone after the
// last point that needs it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/compiler.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "experiments/sweep/catalogue.h"
#include "simulator/simulate.h"
#include "traces/sweep_record.h"

namespace mk {

class PointRunner {
 public:
  // `points` are those that will be run, each once; `catalogue` knows their names. Both outlive
  // this.
  PointRunner(const std::vector<SweepPoint>& points, const Catalogue& catalogue);

  // Runs points[index]. A point that cannot be predicted says so in `refused`.
  SweepResult run(std::size_t index);

  // Indices of the points, those that share a graph side by side: the order to run them in.
  const std::vector<std::size_t>& order() const { return order_; }

 private:
  using Graph = Result<std::shared_ptr<const TaskGraph>>;
  struct Shared {
    std::once_flag made{};
    Graph graph{};
    std::atomic<std::size_t> users = 0;
  };

  const std::vector<SweepPoint>& points_;
  const Catalogue& catalogue_;
  std::map<SweepPoint, Shared> graphs_{};  // by what of a point a graph depends on
  std::vector<std::size_t> order_{};
};

// What the compiler makes of one point. Requires: the point was resolved.
Result<Compiled> compiled_of(const SweepPoint& point, const Catalogue& catalogue);

// Its graph alone.
Result<std::shared_ptr<const TaskGraph>> graph_of(const SweepPoint& point,
                                                  const Catalogue& catalogue);

// The whole prediction of one point, with its records where `record` asks for them.
Result<SimulationResult> predict(const SweepPoint& point,
                                 const std::shared_ptr<const TaskGraph>& graph,
                                 const Catalogue& catalogue, bool record);

}  // namespace mk
