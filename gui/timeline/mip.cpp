#include "gui/timeline/mip.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/at_once.h"

namespace mk::gui {
namespace {

constexpr std::uint32_t kTopBuckets = 256;  // no level is made above one this narrow
constexpr Nanoseconds kWidestBucket = Nanoseconds{1} << 31;  // busy fits 32 bits

// Time by category within one bucket that is being filled.
class Sums {
 public:
  void add(std::uint8_t category, Nanoseconds time) {
    if (time_[category] == 0) touched_[count_++] = category;
    time_[category] += time;
  }
  bool is_empty() const { return count_ == 0; }

  // Writes the bucket, passes it on to the bucket above, and starts afresh.
  void flush(Mip::Level& level, std::size_t at, Nanoseconds width, Sums* above) {
    Nanoseconds total = 0;
    Nanoseconds longest = 0;
    std::uint8_t most = 0;
    for (std::size_t k = 0; k < count_; ++k) {
      const std::uint8_t category = touched_[k];
      const Nanoseconds time = std::exchange(time_[category], 0);
      total += time;
      if (time > longest || (time == longest && category < most)) {
        longest = time;
        most = category;
      }
      if (above != nullptr) above->add(category, time);
    }
    level.busy[at] = static_cast<std::uint32_t>(std::min(total, width));
    level.category[at] = most;
    count_ = 0;
  }

 private:
  std::array<Nanoseconds, kMaxCategories> time_{};
  std::array<std::uint8_t, kMaxCategories> touched_;  // the first count_
  std::size_t count_ = 0;
};

// Fills all levels of one lane in one pass: a finished bucket goes up into the one above it.
class LaneFiller {
 public:
  LaneFiller(std::vector<Mip::Level>& levels, Nanoseconds base, std::size_t lane)
      : levels_(levels),
        base_(base),
        shift_(std::countr_zero(static_cast<std::uint64_t>(base))),
        lane_(lane),
        sums_(levels.size()),
        open_(levels.size()) {}

  void add(Nanoseconds from, Nanoseconds to, std::uint8_t category) {
    while (from < to) {
      const Nanoseconds bucket = from >> shift_;
      if (bucket != open_[0]) close(0, bucket);
      const Nanoseconds until = std::min(to, (bucket + 1) << shift_);
      sums_[0].add(category, until - from);
      from = until;
    }
  }
  void finish() {
    for (std::size_t k = 0; k < levels_.size(); ++k)
      close(k, std::numeric_limits<Nanoseconds>::max());
  }

 private:
  // The open bucket of a level is done; the next one that gets anything is `next`.
  void close(std::size_t k, Nanoseconds next) {
    if (!sums_[k].is_empty()) {
      const bool top = k + 1 == levels_.size();
      if (!top && open_[k] / 2 != open_[k + 1]) close(k + 1, open_[k] / 2);
      const std::size_t at = lane_ * levels_[k].buckets + static_cast<std::size_t>(open_[k]);
      sums_[k].flush(levels_[k], at, base_ << k, top ? nullptr : &sums_[k + 1]);
    }
    open_[k] = next;
  }

  std::vector<Mip::Level>& levels_;
  Nanoseconds base_;  // 2^shift_
  int shift_;
  std::size_t lane_;
  std::vector<Sums> sums_;
  std::vector<Nanoseconds> open_;  // index of the bucket that sums_ is about
};

}  // namespace

Mip::Mip(const Bands& bands) {
  Nanoseconds first = std::numeric_limits<Nanoseconds>::max();
  Nanoseconds last = std::numeric_limits<Nanoseconds>::min();
  std::size_t used_lanes = 0;
  std::size_t count = 0;
  for (std::size_t lane = 0; lane < bands.lanes(); ++lane) {
    if (bands.count(lane) == 0) continue;
    ++used_lanes;
    count += bands.count(lane);
    first = std::min(first, bands.start[bands.lane_begin[lane]]);
    for (std::uint32_t k = bands.lane_begin[lane]; k < bands.lane_end[lane]; ++k)
      last = std::max(last, bands.end[k]);
  }
  if (used_lanes == 0 || last <= first) return;
  origin_ = first;
  // At most one bucket of the finest level a band.
  const auto a_lane = static_cast<Nanoseconds>(count / used_lanes + 1);
  while (base_ns_ * a_lane < last - first && base_ns_ * 2 <= kWidestBucket) base_ns_ *= 2;
  for (Nanoseconds width = base_ns_;; width *= 2) {
    const auto buckets = static_cast<std::uint32_t>((last - first) / width + 1);
    levels_.push_back({buckets, std::vector<std::uint32_t>(buckets * bands.lanes()),
                       std::vector<std::uint8_t>(buckets * bands.lanes())});
    if (buckets <= kTopBuckets || width * 2 > kWidestBucket) break;
  }
  for_each_at_once(bands.lanes(), [&](std::size_t lane) {
    LaneFiller filler(levels_, base_ns_, lane);
    for (std::uint32_t k = bands.lane_begin[lane]; k < bands.lane_end[lane]; ++k)
      filler.add(bands.start[k] - origin_, bands.end[k] - origin_, bands.category[k]);
    filler.finish();
  });
}

std::size_t Mip::level_for(double ns_per_pixel) const {
  std::size_t level = 0;
  while (level + 1 < levels_.size() &&
         ns_per_pixel >= 2 * static_cast<double>(bucket_ns(level + 1)))
    ++level;
  return level;
}

std::size_t Mip::bytes() const {
  std::size_t bytes = 0;
  for (const Level& level : levels_) bytes += level.busy.size() * 4 + level.category.size();
  return bytes;
}

}  // namespace mk::gui
