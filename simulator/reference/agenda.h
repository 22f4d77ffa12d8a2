// Agenda: what will happen, in order of its instant; at one instant in the order of Turn, then of
// `rank`, then in the order in which it was planned. Nothing clever: a priority queue of closures.
//
// Besides what is certain it holds looks: somebody polls for something that others will bring.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "simulator/costs.h"

namespace mk::simulator {

// Who comes first at one instant. What hops bring is there before anybody looks; ends of streams
// stand between (they come from the memory, not from the agenda).
enum class Turn : std::uint8_t { kHop, kStream, kWorker, kScheduler, kPoll, kPreload };

class Agenda {
 public:
  using Action = std::function<void()>;
  using Look = std::function<bool()>;  // returns true iff it has seen what it looks for

  Picoseconds now() const { return now_; }

  void at(Picoseconds instant, Turn turn, std::uint32_t rank, Action action);

  // Looks at `instant` and every `period` after it until the look succeeds; with no period, at
  // `instant` and whenever a hop has brought something. What comes at the very instant of a look is
  // seen.
  void poll(Picoseconds instant, Picoseconds period, Turn turn, std::uint32_t rank, Look look);

  bool empty() const { return queue_.empty(); }
  Picoseconds next_instant() const { return queue_.top().instant; }
  Turn next_turn() const { return queue_.top().turn; }

  // Is there nothing in it but looks, each of which has failed since something happened last?
  bool is_dead() const { return empty() || (certain_ == 0 && unseeing_ == 0); }

  // Does the first thing. Requires: it is not empty.
  void step();

  // Something else happens at `instant`.
  void happened(Picoseconds instant);

 private:
  struct Poller {
    Picoseconds period = 0;
    Turn turn = Turn::kPoll;
    std::uint32_t rank = 0;
    Look look{};
    Picoseconds failed_at = -1;
    std::uint64_t failed_in = 0;  // epoch
    bool has_seen = false;
  };
  struct Entry {
    Picoseconds instant = 0;
    Turn turn = Turn::kHop;
    std::uint32_t rank = 0;
    std::uint64_t planned = 0;
    bool is_look = false;
    Action action{};
    bool operator<(const Entry& other) const {
      return std::tie(instant, turn, rank, planned) >
             std::tie(other.instant, other.turn, other.rank, other.planned);
    }
  };

  void plan_look(Picoseconds instant, const std::shared_ptr<Poller>& poller);
  void look(const std::shared_ptr<Poller>& poller);
  void wake();

  std::priority_queue<Entry> queue_{};
  std::vector<std::shared_ptr<Poller>> failed_{};  // at this instant, or with no period
  std::uint64_t planned_ = 0;
  std::uint64_t certain_ = 0;   // entries that are no looks
  std::uint64_t epoch_ = 1;     // changes whenever something has happened
  std::uint64_t unseeing_ = 0;  // looks in the queue that have not failed in this epoch
  Picoseconds now_ = 0;
};

}  // namespace mk::simulator
