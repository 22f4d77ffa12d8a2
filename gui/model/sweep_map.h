// A sweep file as a heat map: for each split into workers and schedulers the best iteration found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "gui/model/prediction.h"

namespace mk::gui {

struct SweepCell {
  std::uint32_t workers = 0;
  std::uint32_t schedulers = 0;
  double iteration_us = 0;
  PredictionRequest best{};  // what gives that: opened when the cell is chosen
};

struct SweepMap {
  std::string title{};                      // model and machine
  std::vector<std::uint32_t> workers{};     // columns, ascending
  std::vector<std::uint32_t> schedulers{};  // rows, ascending
  std::vector<SweepCell> cells{};           // that there are, by schedulers, then workers
  std::uint64_t refused = 0;                // points without a prediction

  const SweepCell* at(std::uint32_t workers_of, std::uint32_t schedulers_of) const;
  double best() const;  // smallest iteration; 0 of no cells
  double worst() const;
};

struct OpenedSweep {
  std::vector<std::string> policies{};
  SweepMap map{};  // of all policies
};

// Does the file say that it is a sweep (application_id of traces/FORMAT.md)?
bool is_sweep_file(const std::string& path);

// Points of `policy` only, of all where it is empty. InvalidInput names the file.
Result<SweepMap> read_sweep_map(const std::string& path, const std::string& policy = {});
Result<std::vector<std::string>> sweep_policies(const std::string& path);
Result<OpenedSweep> read_sweep_file(const std::string& path);

}  // namespace mk::gui
