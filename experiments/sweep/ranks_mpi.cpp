#define OMPI_SKIP_MPICXX 1
#include <fmt/format.h>
#include <mpi.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "experiments/sweep/hand_out.h"
#include "experiments/sweep/ranks.h"
#include "experiments/sweep/result_text.h"
#include "experiments/sweep/run_sweep.h"

namespace mk {
namespace {

constexpr int kAnswer = 1;  // to rank 0: lines "point <tab> result", none from one that begins
constexpr int kChunk = 2;   // to the others: points; none: the end
constexpr std::size_t kPointsAChunk = 16;
constexpr std::chrono::milliseconds kPoll(1);
constexpr std::chrono::seconds kGrace(2);  // for the last answers of ranks that are slow or lost

std::vector<SweepPoint> points_at(const std::vector<SweepPoint>& points,
                                  const std::vector<std::size_t>& places) {
  std::vector<SweepPoint> picked;
  for (const std::size_t place : places) picked.push_back(points[place]);
  return picked;
}

// Predicts a chunk, in its order.
std::vector<SweepResult> predict_chunk(const std::vector<SweepPoint>& points,
                                       const std::vector<std::size_t>& chunk,
                                       const Catalogue& catalogue, std::uint32_t threads) {
  const Result<SweepOutcome> outcome =
      run_sweep(points_at(points, chunk), catalogue, nullptr, {.threads = threads});
  std::vector<SweepResult> results;
  for (const SweepRow& row : outcome->rows) results.push_back(row.result);  // no file: no failure
  return results;
}

void send_chunk(int rank, const std::vector<std::size_t>& chunk, bool leave_at_once) {
  std::vector<std::uint64_t> words = {leave_at_once ? 1U : 0U};
  words.insert(words.end(), chunk.begin(), chunk.end());
  MPI_Send(words.data(), static_cast<int>(words.size()), MPI_UINT64_T, rank, kChunk,
           MPI_COMM_WORLD);
}

// Rank 0's side of the job.
class Leader {
 public:
  Leader(const std::vector<SweepPoint>& points, const std::vector<std::size_t>& todo,
         const Catalogue& catalogue, std::uint32_t threads, const Ranks::Take& take, int size)
      : points_(points),
        catalogue_(catalogue),
        threads_(threads),
        take_(take),
        size_(size),
        hand_out_(todo, kPointsAChunk) {}

  // True iff every rank answered to the end.
  bool run() {
    std::thread own([this] { work(); });
    while (!is_done()) step();
    own.join();
    deliver();
    const auto end = std::chrono::steady_clock::now() + kGrace;
    while (static_cast<int>(idle_.size()) < size_ - 1 && std::chrono::steady_clock::now() < end)
      step();
    const bool all_are_here = static_cast<int>(idle_.size()) == size_ - 1;
    for (int rank = 1; rank < size_; ++rank) send_chunk(rank, {}, !all_are_here);
    return all_are_here;
  }

 private:
  bool is_done() {
    const std::lock_guard lock(mutex_);
    return hand_out_.is_done();
  }

  void step() {
    int waiting = 0;
    MPI_Status status{};
    MPI_Iprobe(MPI_ANY_SOURCE, kAnswer, MPI_COMM_WORLD, &waiting, &status);
    if (waiting == 0) {
      deliver();
      std::this_thread::sleep_for(kPoll);
      return;
    }
    receive(status);
  }

  void receive(const MPI_Status& status) {
    int size = 0;
    MPI_Get_count(&status, MPI_CHAR, &size);
    std::string text(static_cast<std::size_t>(size), '\0');
    MPI_Recv(text.data(), size, MPI_CHAR, status.MPI_SOURCE, kAnswer, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    take_lines(text);
    const std::vector<std::size_t> chunk = next();
    if (chunk.empty()) {
      idle_.insert(status.MPI_SOURCE);
    } else {
      send_chunk(status.MPI_SOURCE, chunk, false);
    }
  }

  void take_lines(const std::string& text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      const std::size_t tab = text.find('\t', begin);
      if (end == std::string::npos || tab == std::string::npos || tab > end) return;
      auto result = result_from_text(std::string_view(text).substr(tab + 1, end - tab - 1));
      if (result) answer(std::stoull(text.substr(begin, tab - begin)), std::move(*result));
      begin = end + 1;
    }
    deliver();
  }

  std::vector<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    return hand_out_.next();
  }

  void answer(std::size_t point, SweepResult result) {
    const std::lock_guard lock(mutex_);
    if (hand_out_.take(point)) answers_.emplace_back(point, std::move(result));
  }

  // Hands over what has come, from the thread that may touch the file.
  void deliver() {
    std::vector<std::pair<std::size_t, SweepResult>> answers;
    {
      const std::lock_guard lock(mutex_);
      answers.swap(answers_);
    }
    for (auto& [point, result] : answers) take_(point, std::move(result));
  }

  // Rank 0's own share.
  void work() {
    for (std::vector<std::size_t> chunk = next(); !chunk.empty(); chunk = next()) {
      std::vector<SweepResult> results = predict_chunk(points_, chunk, catalogue_, threads_);
      for (std::size_t i = 0; i < chunk.size(); ++i) answer(chunk[i], std::move(results[i]));
    }
  }

  const std::vector<SweepPoint>& points_;
  const Catalogue& catalogue_;
  std::uint32_t threads_;
  const Ranks::Take& take_;
  int size_;
  std::mutex mutex_{};
  HandOut hand_out_;                                            // under mutex_
  std::vector<std::pair<std::size_t, SweepResult>> answers_{};  // under mutex_
  std::set<int> idle_{};                                        // ranks that wait for the end
};

}  // namespace

Result<Ranks> Ranks::join() {
  const bool in_a_job = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr ||
                        std::getenv("PMI_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
  if (!in_a_job) return Ranks(0, 1);
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    return fail(ErrorCode::kIo, "MPI does not start");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  Ranks ranks(0, 1);
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks.rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks.size_);
  ranks.joined_ = true;
  return ranks;
}

Ranks::Ranks(Ranks&& other) noexcept
    : rank_(other.rank_),
      size_(other.size_),
      joined_(std::exchange(other.joined_, false)),
      all_are_here_(other.all_are_here_) {}

// MPI_Finalize waits for every rank: where one is lost, it would wait for ever.
Ranks::~Ranks() {
  if (joined_ && all_are_here_) MPI_Finalize();
}

void Ranks::lead(const std::vector<SweepPoint>& points, const std::vector<std::size_t>& todo,
                 const Catalogue& catalogue, std::uint32_t threads, const Take& take) {
  all_are_here_ = Leader(points, todo, catalogue, threads, take, size_).run();
}

void Ranks::serve(const std::vector<SweepPoint>& points, const Catalogue& catalogue,
                  std::uint32_t threads) {
  std::string answers;
  for (;;) {
    MPI_Send(answers.data(), static_cast<int>(answers.size()), MPI_CHAR, 0, kAnswer,
             MPI_COMM_WORLD);
    MPI_Status status{};
    if (MPI_Probe(0, kChunk, MPI_COMM_WORLD, &status) != MPI_SUCCESS) break;
    int size = 0;
    MPI_Get_count(&status, MPI_UINT64_T, &size);
    std::vector<std::uint64_t> words(static_cast<std::size_t>(size));
    MPI_Recv(words.data(), size, MPI_UINT64_T, 0, kChunk, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    const std::vector<std::size_t> chunk(words.begin() + 1, words.end());
    if (chunk.empty()) {
      all_are_here_ = words.front() == 0;
      return;
    }
    const auto results = predict_chunk(points, chunk, catalogue, threads);
    answers.clear();
    for (std::size_t i = 0; i < chunk.size(); ++i)
      answers += fmt::format("{}\t{}\n", chunk[i], result_to_text(results[i]));
  }
  all_are_here_ = false;
}

}  // namespace mk
