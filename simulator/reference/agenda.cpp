#include "simulator/reference/agenda.h"

namespace mk::simulator {

void Agenda::at(Picoseconds instant, Turn turn, std::uint32_t rank, Action action) {
  queue_.push({instant, turn, rank, planned_++, false, std::move(action)});
  ++certain_;
}

void Agenda::poll(Picoseconds instant, Picoseconds period, Turn turn, std::uint32_t rank,
                  Look look) {
  plan_look(instant, std::make_shared<Poller>(Poller{period, turn, rank, std::move(look)}));
}

void Agenda::step() {
  Entry entry = std::move(const_cast<Entry&>(queue_.top()));
  queue_.pop();
  now_ = entry.instant;
  if (!entry.is_look) {
    --certain_;
    happened(now_);
  }
  entry.action();
  if (entry.turn == Turn::kHop) wake();
}

void Agenda::happened(Picoseconds instant) {
  now_ = instant;
  ++epoch_;
  unseeing_ = queue_.size() - certain_;
}

void Agenda::plan_look(Picoseconds instant, const std::shared_ptr<Poller>& poller) {
  if (poller->failed_in != epoch_) ++unseeing_;
  queue_.push(
      {instant, poller->turn, poller->rank, planned_++, true, [this, poller] { look(poller); }});
}

void Agenda::look(const std::shared_ptr<Poller>& poller) {
  if (poller->failed_in != epoch_) --unseeing_;
  if (poller->has_seen) return;
  poller->has_seen = poller->look();
  if (poller->has_seen) return happened(now_);
  const bool is_first = poller->failed_at != now_;
  poller->failed_at = now_;
  poller->failed_in = epoch_;
  failed_.push_back(poller);
  if (is_first && poller->period > 0) plan_look(now_ + poller->period, poller);
}

// A hop has brought something now.
void Agenda::wake() {
  for (const auto& poller : std::exchange(failed_, {})) {
    if (poller->has_seen) continue;
    if (poller->period == 0 || poller->failed_at == now_) plan_look(now_, poller);
  }
}

}  // namespace mk::simulator
