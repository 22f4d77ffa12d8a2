#include "gui/timeline/columns.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.h"

namespace mk::gui {
namespace {

// A covered part of a column as 1 .. 255: what is there at all is seen.
std::uint8_t share_of(double part) {
  const int share = static_cast<int>(part * 255 + (1 - 1e-9));
  return static_cast<std::uint8_t>(std::clamp(share, 1, 255));
}

// The one column that is being filled: what bands put into it, in ns.
class Column {
 public:
  Column(const TimeWindow& window, int width, std::vector<Run>& out)
      : window_(window), width_(width), out_(out) {}

  double left() const { return left_; }
  double right() const { return right_; }

  void go_to(int x) {
    if (x == x_) return;
    flush();
    x_ = x;
    left_ = window_.time_at(x);
    right_ = window_.time_at(x + 1);
  }

  void add(double covered, std::uint8_t category) {
    // A band of no length is seen too.
    covered = std::max(covered, 1e-6 * window_.ns_per_pixel);
    total_ += covered;
    if (sums_[category] == 0) touched_[count_++] = category;
    sums_[category] += covered;
  }

  void full(int x0, int x1, std::uint8_t category, std::uint32_t band) {
    flush();
    x1 = std::min(x1, width_);
    if (x0 < x1) out_.push_back({x0, x1, category, 255, band});
  }

  void flush() {
    if (count_ == 0) return;
    std::uint8_t most = touched_[0];
    for (std::size_t k = 0; k < count_; ++k) {
      if (sums_[touched_[k]] > sums_[most]) most = touched_[k];
    }
    if (x_ < width_)
      out_.push_back({x_, x_ + 1, most, share_of(total_ / window_.ns_per_pixel), kNoIndex});
    for (std::size_t k = 0; k < count_; ++k) sums_[touched_[k]] = 0;
    count_ = 0;
    total_ = 0;
  }

 private:
  const TimeWindow& window_;
  int width_;
  std::vector<Run>& out_;
  int x_ = -1;
  double left_ = 1;  // nothing lies in the column before the first
  double right_ = 0;
  double total_ = 0;
  std::array<double, kMaxCategories> sums_{};
  std::array<std::uint8_t, kMaxCategories> touched_{};  // the first count_: those with a sum
  std::size_t count_ = 0;
};

void scan(const Bands& bands, std::size_t lane, const TimeWindow& window, int width,
          std::vector<Run>& out) {
  const double limit = window.time_at(width + 1);
  const double inverse = 1 / window.ns_per_pixel;
  Column column(window, width, out);
  const std::uint32_t first = first_ending_after(bands, lane, window.start);
  for (std::uint32_t k = first; k < bands.lane_end[lane]; ++k) {
    const double from = std::max(static_cast<double>(bands.start[k]), window.start);
    const double to = std::min(static_cast<double>(bands.end[k]), limit);
    if (from >= limit) break;
    const std::uint8_t category = bands.category[k];
    if (from >= column.left() && to <= column.right()) {  // most bands, where they are narrow
      column.add(to - from, category);
      continue;
    }
    const int x0 = static_cast<int>((from - window.start) * inverse);
    const int x1 = static_cast<int>((to - window.start) * inverse);
    column.go_to(x0);
    if (x0 == x1) {
      column.add(to - from, category);
      continue;
    }
    const bool whole_first = from <= column.left();
    if (!whole_first) column.add(column.right() - from, category);
    column.full(whole_first ? x0 : x0 + 1, x1, category, k);
    column.go_to(x1);
    if (to > column.left()) column.add(to - column.left(), category);
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
