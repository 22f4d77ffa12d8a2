#include "gui/timeline/columns.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.h"

namespace mk::gui {
namespace {

// A covered part of a column as 1 .. 255: what is there at all is seen.
std::uint8_t share_of(double part) {
  return static_cast<std::uint8_t>(std::clamp(std::ceil(part * 255.0), 1.0, 255.0));
}

// Adds up what bands put into the one column that is being filled.
class Column {
 public:
  Column(int width, std::vector<Run>& out) : width_(width), out_(out) {}

  void add(int x, double covered, std::uint8_t category) {
    if (x != x_) {
      flush();
      x_ = x;
    }
    total_ += covered;
    if (sums_[category] == 0) touched_.push_back(category);
    sums_[category] += covered;
  }

  void full(int x0, int x1, std::uint8_t category, std::uint32_t band) {
    flush();
    x0 = std::max(x0, 0);
    x1 = std::min(x1, width_);
    if (x0 < x1) out_.push_back({x0, x1, category, 255, band});
  }

  void flush() {
    if (touched_.empty()) return;
    std::uint8_t most = touched_.front();
    for (const std::uint8_t category : touched_) {
      if (sums_[category] > sums_[most]) most = category;
    }
    if (x_ >= 0 && x_ < width_) out_.push_back({x_, x_ + 1, most, share_of(total_), kNoIndex});
    for (const std::uint8_t category : touched_) sums_[category] = 0;
    touched_.clear();
    total_ = 0;
  }

 private:
  int width_;
  std::vector<Run>& out_;
  int x_ = -1;
  double total_ = 0;
  std::array<double, kMaxCategories> sums_{};
  std::vector<std::uint8_t> touched_{};
};

void scan(const Bands& bands, std::size_t lane, const TimeWindow& window, int width,
          std::vector<Run>& out) {
  Column column(width, out);
  for (std::uint32_t k = first_ending_after(bands, lane, window.start); k < bands.lane_end[lane];
       ++k) {
    const double from = std::max(window.x_of(static_cast<double>(bands.start[k])), 0.0);
    const double to = std::min(window.x_of(static_cast<double>(bands.end[k])), double(width) + 1);
    if (from >= width) break;
    const int x0 = static_cast<int>(from);
    const int x1 = static_cast<int>(to);
    const std::uint8_t category = bands.category[k];
    if (x0 == x1) {
      // A band of no length is seen too.
      column.add(x0, std::max(to - from, 1e-6), category);
      continue;
    }
    const bool whole_first = from == x0;
    if (!whole_first) column.add(x0, x0 + 1 - from, category);
    column.full(whole_first ? x0 : x0 + 1, x1, category, k);
    if (to > x1) column.add(x1, to - x1, category);
  }
  column.flush();
}

// Buckets [from, to) of one lane as one column.
bool sum_buckets(const Mip::Level& level, std::size_t row, std::int64_t from, std::int64_t to,
                 double& busy, std::uint8_t& category) {
  std::uint64_t total = 0;
  std::uint64_t most = 0;
  std::array<std::uint8_t, 4> kinds{};
  std::array<std::uint64_t, 4> times{};
  std::size_t used = 0;
  for (std::int64_t b = from; b < to; ++b) {
    const std::size_t at = row + static_cast<std::size_t>(b);
    const std::uint32_t time = level.busy[at];
    if (time == 0) continue;
    total += time;
    std::size_t slot = 0;
    while (slot < used && kinds[slot] != level.category[at]) ++slot;
    if (slot == kinds.size()) continue;
    if (slot == used) kinds[used++] = level.category[at];
    times[slot] += time;
    if (times[slot] > most) {
      most = times[slot];
      category = kinds[slot];
    }
  }
  busy = static_cast<double>(total);
  return total > 0;
}

void from_mip(const Mip& mip, std::size_t lane, const TimeWindow& window, int width,
              std::vector<Run>& out) {
  const std::size_t k = mip.level_for(window.ns_per_pixel);
  const Mip::Level& level = mip.level(k);
  const auto bucket = static_cast<double>(mip.bucket_ns(k));
  const double step = window.ns_per_pixel / bucket;
  double edge = (window.start - static_cast<double>(mip.origin())) / bucket;
  const auto limit = static_cast<std::int64_t>(level.buckets);
  const std::size_t row = lane * level.buckets;
  const int first = std::clamp(static_cast<int>(std::floor(-edge / step)), 0, width);
  edge += first * step;
  std::int64_t from = std::llround(edge);
  const std::size_t begin = out.size();
  for (int x = first; x < width && from < limit; ++x) {
    edge += step;
    const auto to = static_cast<std::int64_t>(edge + 0.5);
    double busy = 0;
    std::uint8_t category = 0;
    if (sum_buckets(level, row, std::max<std::int64_t>(from, 0), std::min(to, limit), busy,
                    category)) {
      const std::uint8_t share = share_of(busy / (static_cast<double>(to - from) * bucket));
      Run* last = out.size() == begin ? nullptr : &out.back();
      if (last != nullptr && last->x1 == x && last->category == category && last->share == share) {
        last->x1 = x + 1;
      } else {
        out.push_back({x, x + 1, category, share, kNoIndex});
      }
    }
    from = to;
  }
}

}  // namespace

void append_runs(const Bands& bands, const Mip* mip, std::size_t lane, const TimeWindow& window,
                 int width, std::vector<Run>& out) {
  if (bands.count(lane) == 0) return;
  if (mip != nullptr && mip->serves(window.ns_per_pixel)) {
    from_mip(*mip, lane, window, width, out);
  } else {
    scan(bands, lane, window, width, out);
  }
}

}  // namespace mk::gui
