// A sweep file as a heat map over two of its axes: for each pair of values the best iteration
// found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/sweep_point.h"

namespace mk::gui {

struct SweepCell {
  std::size_t column = 0;  // of SweepMap::columns
  std::size_t row = 0;
  double iteration_us = 0;
  SweepPoint point{};  // what gives that, of all points that were chosen
};

// Which points of a file are shown, and how.
struct SweepChoice {
  std::string across = "workers";  // axes of kSweepAxes, two different ones
  std::string upwards = "schedulers";
  std::map<std::string, std::string> values{};  // by axis; of those without one, the best
};

struct SweepMap {
  std::string title{};                 // model and machine of the best cell
  std::string across{};                // the axes
  std::string upwards{};               //
  std::vector<std::string> columns{};  // values of `across`, ascending
  std::vector<std::string> rows{};     // values of `upwards`
  std::vector<SweepCell> cells{};      // that there are, by row, then column
  std::uint64_t refused = 0;           // points without a prediction

  // Null where no point has both values.
  const SweepCell* at(const std::string& column, const std::string& row) const;
  double best() const;  // smallest iteration; 0 of no cells
  double worst() const;
};

// An axis that has more than one value in the file.
struct OpenAxis {
  std::string name{};
  std::vector<std::string> values{};  // ascending
};

struct OpenedSweep {
  std::vector<OpenAxis> axes{};  // in the order of kSweepAxes
  SweepChoice choice{};          // workers and schedulers, or the first axes that are open
  SweepMap map{};                // what it shows
};

// Does the file say that it is a sweep (application_id of traces/FORMAT.md)?
bool is_sweep_file(const std::string& path);

// Requires: the choice's axes are some of kSweepAxes. InvalidInput names the file.
Result<SweepMap> read_sweep_map(const std::string& path, const SweepChoice& choice);
Result<OpenedSweep> read_sweep_file(const std::string& path);

// Each axis in which `point` differs from `plain`, "partition=balanced, seed=3"; but not those that
// change no slice (how it is computed, what is measured besides).
std::string what_differs(const SweepPoint& point, const SweepPoint& plain);

}  // namespace mk::gui
