// Runs the points of a sweep on all cores, and keeps what is finished in a sweep file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/result.h"
#include "experiments/sweep/catalogue.h"
#include "experiments/sweep/ranks.h"
#include "traces/sweep_file.h"

namespace mk {

struct SweepRun {
  std::uint32_t threads = 0;  // 0: all cores that this process may use
  Ranks* ranks = nullptr;     // with others in them, they share the points
  // After each point, from one thread at a time; points that were in the file count as done.
  std::function<void(std::size_t done, std::size_t all)> progress{};
};

struct SweepOutcome {
  std::vector<SweepRow> rows{};  // of the points, in their order
  std::size_t simulated = 0;     // points that were not in the file
  std::size_t refused = 0;       // rows without a prediction
  bool has_served = false;       // this is not the first rank: rows are the first one's
};

// Rows that `file` has with the same inputs are taken from it; all others are predicted and stored
// in it as they finish. The rows do not depend on the number of threads. Fails only if the file
// does: what was stored until then is kept.
Result<SweepOutcome> run_sweep(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
                               SweepFile* file, const SweepRun& how);

// Rows that the file does not have yet, as places in `outcome.rows`; the others are filled in.
Result<std::vector<std::size_t>> take_finished(const std::vector<SweepPoint>& points,
                                               const Catalogue& catalogue, SweepFile* file,
                                               SweepOutcome& outcome);

// Stores rows as they come and writes them to the disk four times a second.
class RowKeeper {
 public:
  explicit RowKeeper(SweepFile* file) : file_(file) {}
  Status keep(const SweepRow& row);
  Status finish();

 private:
  SweepFile* file_;
  std::int64_t last_flush_ = 0;  // ns of the steady clock
};

}  // namespace mk
