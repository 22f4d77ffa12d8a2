#include "simulator/memory_server.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/machine.h"

namespace mk::simulator {
namespace {

constexpr double kBytesPerPicosecond = 1e-3;  // of 1 GB/s

// Conversions of numbers that are far from both ends: one instruction each, which those of unsigned
// numbers are not.
double as_double(std::uint64_t number) {
  return static_cast<double>(static_cast<std::int64_t>(number));
}
std::uint64_t as_integer(double number) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
}

}  // namespace

MemoryServer::MemoryServer(const Settings& settings)
    : kinds_(static_cast<std::uint32_t>(settings.limits.size())),
      group_limit_(settings.group_limit * kBytesPerPicosecond),
      group_of_(settings.group_of),
      weight_of_(settings.workers, 0),
      smooth_knee_(settings.smooth_knee),
      shared_(settings.shared) {
  std::uint32_t groups = 1;
  for (const std::uint32_t group : group_of_) groups = std::max(groups, group + 1);
  for (std::uint32_t i = 0; i < groups * kinds_; ++i) {
    Class& c = classes_.emplace_back(settings.workers);
    c.limit = c.capped = settings.limits[i % kinds_] * kBytesPerPicosecond;
  }
  const auto by_limit = [&](std::uint32_t a, std::uint32_t b) {
    return classes_[a].limit < classes_[b].limit;
  };
  by_limit_.resize(classes_.size());
  std::iota(by_limit_.begin(), by_limit_.end(), 0U);
  kinds_by_limit_.assign(by_limit_.begin(), by_limit_.begin() + kinds_);
  std::stable_sort(by_limit_.begin(), by_limit_.end(), by_limit);
  std::stable_sort(kinds_by_limit_.begin(), kinds_by_limit_.end(), by_limit);
  for (const double supply : settings.supply) supply_.push_back(supply * kBytesPerPicosecond);
}

void MemoryServer::configure(std::uint32_t stream_class, double limit, double share) {
  MK_CHECK(running_ == 0, "limits change between streams only");
  for (std::size_t i = stream_class; i < classes_.size(); i += kinds_) {
    classes_[i].limit = classes_[i].capped = limit * kBytesPerPicosecond;
  }
  supply_share_ = share;
}

void MemoryServer::start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                         std::int64_t bytes, double slowness) {
  advance(now);
  Class& c = class_for(worker, stream_class);
  if (c.count == 0) c.clock = 0;
  if (c.clock > kRebase) {
    // A stream that ends at this very instant has a key that the clock may have passed.
    const std::uint64_t amount = on_grain(std::min(c.clock, c.ends.top()));
    c.ends.subtract(amount);
    c.clock -= amount;
  }
  // Without noise all have one: two divisions less to wait for.
  const bool is_plain = slowness == 1;
  const std::uint64_t weight = is_plain ? kPlainWeight : weight_of_slowness(slowness);
  const std::uint64_t volume =
      is_plain ? static_cast<std::uint64_t>(bytes << kFractionBits) + Tournament::kIndexMask
               : volume_of(bytes, weight);
  c.ends.set(worker, on_grain(c.clock + volume));
  weight_of_[worker] = weight;
  c.weight += weight;
  ++c.count;
  ++running_;
  is_stale_ = true;
}

std::uint64_t MemoryServer::weight_of_slowness(double slowness) {
  return as_integer(std::max(1.0, kWeightOne / slowness + 0.5));
}

// On a class's clock, rounded up to the keys' grain of 2^-16 bytes.
std::uint64_t MemoryServer::volume_of(std::int64_t bytes, std::uint64_t weight) {
  const double volume =
      static_cast<double>(bytes) * (1 << kFractionBits) * (kWeightOne / as_double(weight));
  MK_CHECK(volume < static_cast<double>(kRebase), "a stream's bytes fit into its class's clock");
  return as_integer(volume) + Tournament::kIndexMask;
}

std::uint64_t MemoryServer::reweighed(std::uint64_t volume, std::uint64_t weight,
                                      std::uint64_t other) {
  return as_integer(as_double(volume) * (as_double(weight) / as_double(other)) + 0.5);
}

void MemoryServer::extend(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                          std::int64_t bytes, double slowness) {
  advance(now);
  Class& c = class_for(worker, stream_class);
  const std::uint64_t weight = weight_of_slowness(slowness);
  std::uint64_t end = on_grain(c.ends.key(worker));
  if (weight != weight_of_[worker]) {
    const std::uint64_t missing = end > c.clock ? end - c.clock : 0;
    end = c.clock + reweighed(missing, weight_of_[worker], weight);
    c.weight += weight - weight_of_[worker];
    weight_of_[worker] = weight;
    is_stale_ = true;
  }
  if (bytes > 0) end += volume_of(bytes, weight);
  c.ends.set(worker, on_grain(end));
  is_end_known_ = false;
  next_end_ = kNever;
}

std::uint32_t MemoryServer::finish_next() {
  advance(next_end());
  Class& c = classes_[next_class_];
  const std::uint32_t worker = Tournament::entity_of(c.ends.top());
  c.ends.clear(worker);
  c.weight -= weight_of_[worker];
  --c.count;
  --running_;
  // At once: it takes long, and nobody asks before what the end leads to has been worked out.
  share();
  return worker;
}

void MemoryServer::advance(std::int64_t now) {
  if (now == now_) return;
  if (is_stale_) share();
  const auto passed = static_cast<std::uint64_t>(now - now_);
  now_ = now;
  for (Class& c : classes_) {
    if (c.count > 0) c.clock += c.rate * passed;
  }
}

// Whether a stream has all its bytes at this very instant, whatever the rates.
bool MemoryServer::has_ended() const {
  return std::any_of(classes_.begin(), classes_.end(),
                     [](const Class& c) { return c.count > 0 && c.missing() == 0; });
}

// The limits that groups leave to their classes, and the order of these.
void MemoryServer::cap_groups() {
  for (std::size_t first = 0; first < classes_.size(); first += kinds_) {
    const double level = level_of_group(&classes_[first]);
    for (std::size_t i = first; i < first + kinds_; ++i) {
      classes_[i].capped = std::min(classes_[i].limit, level);
    }
  }
  std::sort(by_limit_.begin(), by_limit_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(classes_[a].capped, a) < std::pair(classes_[b].capped, b);
  });
}

// What a unit of weight gets where the group's streams ask for more than it takes in; otherwise
// more than any limit.
double MemoryServer::level_of_group(const Class* kinds) const {
  double left = group_limit_;
  std::uint64_t weight_left = 0;
  for (std::uint32_t k = 0; k < kinds_; ++k) weight_left += kinds[k].weight;
  for (const std::uint32_t k : kinds_by_limit_) {
    if (weight_left == 0) break;
    const double level = left / (static_cast<double>(weight_left) * (1 / kWeightOne));
    if (level < kinds[k].limit) return level;
    left -= static_cast<double>(kinds[k].weight) * (1 / kWeightOne) * kinds[k].limit;
    weight_left -= kinds[k].weight;
  }
  return std::numeric_limits<double>::infinity();
}

// Whether a stream has all its bytes `passed` after now_, at the rates as they are.
bool MemoryServer::will_have_ended(std::uint64_t passed) const {
  return std::any_of(classes_.begin(), classes_.end(), [&](const Class& c) {
    return c.count > 0 && (c.rate >= kFast || c.missing() <= c.rate * passed);
  });
}

// What all streams get together, of what they ask for.
double MemoryServer::granted(double demanded) const {
  if (!shared_) return demanded;
  const double offered = supply_share_ * supply_[running_];
  return smooth_knee_ ? smooth_minimum(demanded, offered) : std::min(demanded, offered);
}

// Max-min: classes whose limit is below the level run at it, the others share what is left. What
// the next turn is waits for these numbers: a reciprocal, so that it is there before what is left.
void MemoryServer::share() {
  is_stale_ = false;
  is_end_known_ = running_ == 0;
  next_end_ = kNever;
  if (running_ == 0) return;
  if (group_limit_ > 0) cap_groups();
  double demanded = 0;
  std::uint64_t weight_left = 0;
  for (const Class& c : classes_) {
    demanded += as_double(c.weight) * (1 / kWeightOne) * c.capped;
    weight_left += c.weight;
  }
  double left = granted(demanded);
  for (const std::uint32_t k : by_limit_) {
    Class& c = classes_[k];
    if (c.count == 0) continue;
    const double level = left * (1 / (as_double(weight_left) * (1 / kWeightOne)));
    const double rate = shared_ ? std::min(c.capped, level) : c.capped;
    left -= rate * as_double(c.weight) * (1 / kWeightOne);
    weight_left -= c.weight;
    c.rate = rate_of(rate);
  }
}

// The first end at these rates, of several the first class's.
void MemoryServer::find_end() {
  is_end_known_ = true;
  for (std::uint32_t k = 0; k < classes_.size(); ++k) {
    const Class& c = classes_[k];
    if (c.count == 0) continue;
    const auto end = now_ + static_cast<std::int64_t>((c.missing() + c.rate - 1) / c.rate);
    if (end >= next_end_) continue;
    next_end_ = end;
    next_class_ = k;
  }
}

std::uint64_t MemoryServer::rate_of(double bytes_a_ps) {
  return std::max<std::uint64_t>(1, as_integer(bytes_a_ps * (1 << kFractionBits)));
}

}  // namespace mk::simulator
