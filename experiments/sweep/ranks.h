// Ranks: this process' place in an MPI job. Outside mpirun, and in builds without MPI, it is the
// only one.
//
// Rank 0 hands out points (HandOut) and predicts some itself; the others predict what they get and
// answer. All ranks must have made the same list of points. A rank that dies is never waited for;
// mpirun has to be told not to end the job for it: --enable-recovery.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/result.h"
#include "traces/sweep_record.h"

namespace mk {

class Catalogue;

class Ranks {
 public:
  // Joins the job that this process was started in, if any. At most once a process.
  static Result<Ranks> join();
  Ranks(Ranks&&) noexcept;
  ~Ranks();  // leaves the job; a job with lost ranks it leaves without waiting

  bool is_first() const { return rank_ == 0; }
  int size() const { return size_; }

  using Take = std::function<void(std::size_t point, SweepResult result)>;

  // Rank 0: has points[todo...] predicted, and tells `take` each answer once, from the calling
  // thread.
  void lead(const std::vector<SweepPoint>& points, const std::vector<std::size_t>& todo,
            const Catalogue& catalogue, std::uint32_t threads, const Take& take);

  // The others: predicts until rank 0 has all answers.
  void serve(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
             std::uint32_t threads);

 private:
  Ranks(int rank, int size) : rank_(rank), size_(size) {}

  int rank_ = 0;
  int size_ = 1;
  bool joined_ = false;
  bool all_are_here_ = true;  // at the end: nobody was lost
};

}  // namespace mk
