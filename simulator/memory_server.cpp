#include "simulator/memory_server.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/machine.h"

namespace mk::simulator {
namespace {

constexpr double kBytesPerPicosecond = 1e-3;  // of 1 GB/s

}  // namespace

MemoryServer::MemoryServer(const Settings& settings)
    : weight_of_(settings.workers, 0),
      smooth_knee_(settings.smooth_knee),
      shared_(settings.shared) {
  for (const double limit : settings.limits) {
    classes_.emplace_back(settings.workers).limit = limit * kBytesPerPicosecond;
  }
  by_limit_.resize(classes_.size());
  std::iota(by_limit_.begin(), by_limit_.end(), 0U);
  std::stable_sort(by_limit_.begin(), by_limit_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return classes_[a].limit < classes_[b].limit;
  });
  for (const double supply : settings.supply) supply_.push_back(supply * kBytesPerPicosecond);
}

void MemoryServer::configure(std::uint32_t stream_class, double limit, double share) {
  MK_CHECK(running_ == 0, "limits change between streams only");
  classes_[stream_class].limit = limit * kBytesPerPicosecond;
  supply_share_ = share;
}

void MemoryServer::start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                         std::int64_t bytes, double slowness) {
  advance(now);
  Class& c = classes_[stream_class];
  if (c.count == 0) c.clock = 0;
  if (c.clock > kRebase) {
    // A stream that ends at this very instant has a key that the clock may have passed.
    const std::uint64_t amount = on_grain(std::min(c.clock, c.ends.top()));
    c.ends.subtract(amount);
    c.clock -= amount;
  }
  const std::uint64_t weight = weight_of_slowness(slowness);
  c.ends.set(worker, on_grain(c.clock + volume_of(bytes, weight)));
  weight_of_[worker] = weight;
  c.weight += weight;
  ++c.count;
  ++running_;
  is_stale_ = true;
}

std::uint64_t MemoryServer::weight_of_slowness(double slowness) {
  return static_cast<std::uint64_t>(std::max(1.0, kWeightOne / slowness + 0.5));
}

// On a class's clock, rounded up to the keys' grain of 2^-16 bytes.
std::uint64_t MemoryServer::volume_of(std::int64_t bytes, std::uint64_t weight) {
  const double volume = static_cast<double>(bytes) * (1 << kFractionBits) *
                        (kWeightOne / static_cast<double>(weight));
  MK_CHECK(volume < static_cast<double>(kRebase), "a stream's bytes fit into its class's clock");
  return static_cast<std::uint64_t>(volume) + Tournament::kIndexMask;
}

void MemoryServer::extend(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                          std::int64_t bytes) {
  advance(now);
  Class& c = classes_[stream_class];
  const std::uint64_t end = on_grain(c.ends.key(worker));
  c.ends.set(worker, on_grain(end + volume_of(bytes, weight_of_[worker])));
  is_stale_ = true;
}

std::uint32_t MemoryServer::finish_next() {
  advance(next_end());
  Class& c = classes_[next_class_];
  const std::uint32_t worker = Tournament::entity_of(c.ends.top());
  c.ends.clear(worker);
  c.weight -= weight_of_[worker];
  --c.count;
  --running_;
  is_stale_ = true;
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
  return std::any_of(classes_.begin(), classes_.end(), [](const Class& c) {
    return c.count > 0 && on_grain(c.ends.top()) <= c.clock;
  });
}

double MemoryServer::total() const {
  double demanded = 0;
  for (const Class& c : classes_) {
    demanded += static_cast<double>(c.weight) * (1 / kWeightOne) * c.limit;
  }
  if (!shared_) return demanded;
  const double offered = supply_share_ * supply_[running_];
  return smooth_knee_ ? smooth_minimum(demanded, offered) : std::min(demanded, offered);
}

// Max-min: classes whose limit is below the level run at it, the others share what is left.
void MemoryServer::share() {
  is_stale_ = false;
  next_end_ = kNever;
  if (running_ == 0) return;
  double left = total();
  std::uint64_t weight_left = 0;
  for (const Class& c : classes_) weight_left += c.weight;
  for (const std::uint32_t k : by_limit_) {
    Class& c = classes_[k];
    if (c.count == 0) continue;
    const double level = left / (static_cast<double>(weight_left) * (1 / kWeightOne));
    const double rate = shared_ ? std::min(c.limit, level) : c.limit;
    left -= rate * static_cast<double>(c.weight) * (1 / kWeightOne);
    weight_left -= c.weight;
    set_rate(c, rate);
    if (c.next_end < next_end_ || (c.next_end == next_end_ && k < next_class_)) {
      next_end_ = c.next_end;
      next_class_ = k;
    }
  }
}

std::uint64_t MemoryServer::rate_of(double bytes_a_ps) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(bytes_a_ps * (1 << kFractionBits)));
}

void MemoryServer::set_rate(Class& c, double bytes_a_ps) {
  c.rate = rate_of(bytes_a_ps);
  const std::uint64_t end = on_grain(c.ends.top());
  const std::uint64_t missing = end > c.clock ? end - c.clock : 0;
  c.next_end = now_ + static_cast<std::int64_t>((missing + c.rate - 1) / c.rate);
}

}  // namespace mk::simulator
