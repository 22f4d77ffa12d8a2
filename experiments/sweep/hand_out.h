// HandOut: which ranks do which points, so that a rank that is lost costs time and no point.
//
// Nobody watches for lost ranks. Once all points are handed out, an idle rank gets points that
// another has had the longest and has not answered: whoever answers first counts, and answers are
// equal. One thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace mk {

class HandOut {
 public:
  // `todo`: the points, in the order in which they are handed out, `chunk` at a time.
  HandOut(std::vector<std::size_t> todo, std::size_t chunk);

  // Points for a rank that has nothing to do; empty iff all points are answered.
  std::vector<std::size_t> next();

  // Takes an answer; true iff it is the first for this point.
  bool take(std::size_t point);

  bool is_done() const { return open_ == 0; }

 private:
  std::vector<std::size_t> todo_;
  std::size_t chunk_;
  std::size_t first_ = 0;                       // of todo_ that nobody has had
  std::deque<std::vector<std::size_t>> out_{};  // chunks that were handed out, the oldest first
  std::vector<bool> answered_;                  // by point
  std::size_t open_;
};

}  // namespace mk
