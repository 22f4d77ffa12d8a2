#include "experiments/sweep/hand_out.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace mk {

HandOut::HandOut(std::vector<std::size_t> todo, std::size_t chunk)
    : todo_(std::move(todo)), chunk_(std::max<std::size_t>(1, chunk)), open_(todo_.size()) {
  const auto most = std::max_element(todo_.begin(), todo_.end());
  answered_.resize(most == todo_.end() ? 0 : *most + 1);
}

std::vector<std::size_t> HandOut::next() {
  if (first_ < todo_.size()) {
    const std::size_t end = std::min(todo_.size(), first_ + chunk_);
    const auto at = [&](std::size_t i) { return todo_.begin() + static_cast<std::ptrdiff_t>(i); };
    out_.emplace_back(at(first_), at(end));
    first_ = end;
    return out_.back();
  }
  while (!out_.empty()) {
    std::vector<std::size_t> chunk = std::move(out_.front());
    out_.pop_front();
    std::erase_if(chunk, [&](std::size_t point) { return answered_[point]; });
    if (chunk.empty()) continue;
    out_.push_back(chunk);
    return chunk;
  }
  return {};
}

bool HandOut::take(std::size_t point) {
  MK_CHECK(point < answered_.size(), "only points that were handed out are answered");
  if (answered_[point]) return false;
  answered_[point] = true;
  --open_;
  return true;
}

}  // namespace mk
