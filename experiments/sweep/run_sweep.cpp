#include "experiments/sweep/run_sweep.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "experiments/sweep/point_runner.h"

namespace mk {
namespace {

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

std::vector<SweepPoint> pick(const std::vector<SweepPoint>& points,
                             const std::vector<std::size_t>& places) {
  std::vector<SweepPoint> picked;
  for (const std::size_t place : places) picked.push_back(points[place]);
  return picked;
}

// `missing`, points that share a graph side by side.
std::vector<std::size_t> in_graph_order(const std::vector<SweepPoint>& points,
                                        const Catalogue& catalogue,
                                        const std::vector<std::size_t>& missing) {
  const std::vector<SweepPoint> todo = pick(points, missing);
  std::vector<std::size_t> ordered;
  const PointRunner runner(todo, catalogue);
  for (const std::size_t index : runner.order()) ordered.push_back(missing[index]);
  return ordered;
}

// One run over the points that are missing.
class Pool {
 public:
  Pool(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
       const std::vector<std::size_t>& missing, SweepFile* file, const SweepRun& how,
       SweepOutcome& outcome)
      : todo_(pick(points, missing)),
        missing_(missing),
        runner_(todo_, catalogue),
        keeper_(file),
        how_(how),
        outcome_(outcome) {}

  Status run() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t wanted = how_.threads > 0 ? how_.threads : cores;
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min(wanted, todo_.size()); ++i)
      others.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : others) thread.join();
    const Status finished = keeper_.finish();
    return status_ ? finished : status_;
  }

 private:
  void work() {
    for (;;) {
      const std::size_t turn = next_++;
      if (turn >= todo_.size() || failed_) return;
      const std::size_t index = runner_.order()[turn];
      SweepResult result = runner_.run(index);
      const std::lock_guard lock(mutex_);
      take(missing_[index], std::move(result));
    }
  }

  void take(std::size_t place, SweepResult result) {
    SweepRow& row = outcome_.rows[place];
    row.result = std::move(result);
    ++outcome_.simulated;
    const std::size_t all = outcome_.rows.size();
    if (how_.progress) how_.progress(all - missing_.size() + outcome_.simulated, all);
    if (Status kept = keeper_.keep(row); !kept && status_) {
      status_ = kept;
      failed_ = true;
    }
  }

  std::vector<SweepPoint> todo_;
  const std::vector<std::size_t>& missing_;
  PointRunner runner_;
  RowKeeper keeper_;
  const SweepRun& how_;
  SweepOutcome& outcome_;  // under mutex_, as keeper_ and status_
  std::mutex mutex_{};
  Status status_{};
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
};

// The same over the ranks of a job.
Status lead(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
            const std::vector<std::size_t>& missing, SweepFile* file, const SweepRun& how,
            SweepOutcome& outcome) {
  RowKeeper keeper(file);
  Status status;
  how.ranks->lead(points, in_graph_order(points, catalogue, missing), catalogue, how.threads,
                  [&](std::size_t place, SweepResult result) {
                    SweepRow& row = outcome.rows[place];
                    row.result = std::move(result);
                    ++outcome.simulated;
                    const std::size_t all = outcome.rows.size();
                    if (how.progress) how.progress(all - missing.size() + outcome.simulated, all);
                    if (const Status kept = keeper.keep(row); !kept && status) status = kept;
                  });
  const Status finished = keeper.finish();
  return status ? finished : status;
}

}  // namespace

Status RowKeeper::keep(const SweepRow& row) {
  if (file_ == nullptr) return {};
  constexpr std::int64_t kFlushNs = 250'000'000;
  if (const Status stored = file_->store(row); !stored) return stored;
  if (now_ns() - last_flush_ < kFlushNs) return {};
  last_flush_ = now_ns();
  return file_->flush();
}

Status RowKeeper::finish() { return file_ == nullptr ? Status{} : file_->flush(); }

Result<std::vector<std::size_t>> take_finished(const std::vector<SweepPoint>& points,
                                               const Catalogue& catalogue, SweepFile* file,
                                               SweepOutcome& outcome) {
  std::map<SweepPoint, SweepRow> known;
  if (file != nullptr) {
    Result<std::vector<SweepRow>> rows = file->rows();
    if (!rows) return tl::unexpected(rows.error());
    for (SweepRow& row : *rows) {
      SweepPoint point = row.point;
      known.emplace(std::move(point), std::move(row));
    }
  }
  std::vector<std::size_t> missing;
  for (const SweepPoint& point : points) {
    SweepRow row{.point = point, .inputs = catalogue.inputs_of(point)};
    const auto found = known.find(point);
    if (found != known.end() && found->second.inputs == row.inputs) {
      row.result = found->second.result;
    } else {
      missing.push_back(outcome.rows.size());
    }
    outcome.rows.push_back(std::move(row));
  }
  return missing;
}

Result<SweepOutcome> run_sweep(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
                               SweepFile* file, const SweepRun& how) {
  SweepOutcome outcome;
  const bool shared = how.ranks != nullptr && how.ranks->size() > 1;
  if (shared && !how.ranks->is_first()) {
    how.ranks->serve(points, catalogue, how.threads);
    outcome.has_served = true;
    return outcome;
  }
  const auto missing = take_finished(points, catalogue, file, outcome);
  if (!missing) return tl::unexpected(missing.error());
  if (shared || !missing->empty()) {
    const Status done = shared ? lead(points, catalogue, *missing, file, how, outcome)
                               : Pool(points, catalogue, *missing, file, how, outcome).run();
    if (!done) return tl::unexpected(done.error());
  }
  outcome.refused = static_cast<std::size_t>(
      std::count_if(outcome.rows.begin(), outcome.rows.end(),
                    [](const SweepRow& row) { return !row.result.refused.empty(); }));
  return outcome;
}

}  // namespace mk
