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
      port_contention_(settings.shared ? settings.port_contention : 0),
      place_of_(settings.workers),
      weight_of_(settings.workers, 0),
      smooth_knee_(settings.smooth_knee),
      shared_(settings.shared) {
  for (std::uint32_t worker = 0; worker < settings.workers; ++worker) {
    const std::uint32_t group = settings.group_of.empty() ? 0 : settings.group_of[worker];
    if (group >= groups_.size()) groups_.resize(group + 1);
    std::vector<std::uint32_t>& members = groups_[group].members;
    place_of_[worker] = {group, static_cast<std::uint32_t>(members.size())};
    members.push_back(worker);
  }
  if (port_contention_ > 0) ports_.resize(groups_.size());
  for (std::uint32_t group = 0; group < groups_.size(); ++group) {
    for (const double limit : settings.limits) {
      Class& c =
          classes_.emplace_back(group, static_cast<std::uint32_t>(groups_[group].members.size()));
      c.limit = c.capped = limit * kBytesPerPicosecond;
    }
  }
  by_limit_.resize(classes_.size());
  std::iota(by_limit_.begin(), by_limit_.end(), 0U);
  std::ranges::stable_sort(by_limit_, {}, [&](std::uint32_t k) { return classes_[k].limit; });
  running_classes_.reserve(classes_.size());
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
  const std::uint32_t index = index_for(worker, stream_class);
  Class& c = classes_[index];
  if (c.count == 0) {
    c.clock = 0;
    note_first(index);
  }
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
  c.ends.set(place_of_[worker].member, on_grain(c.clock + volume));
  weight_of_[worker] = weight;
  c.weight += weight;
  ++c.count;
  ++running_;
  add_up(c.group);
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
  Class& c = classes_[index_for(worker, stream_class)];
  const std::uint32_t member = place_of_[worker].member;
  const std::uint64_t weight = weight_of_slowness(slowness);
  std::uint64_t end = on_grain(c.ends.key(member));
  if (weight != weight_of_[worker]) {
    const std::uint64_t missing = end > c.clock ? end - c.clock : 0;
    end = c.clock + reweighed(missing, weight_of_[worker], weight);
    c.weight += weight - weight_of_[worker];
    weight_of_[worker] = weight;
    add_up(place_of_[worker].group);
    is_stale_ = true;
  }
  if (bytes > 0) end += volume_of(bytes, weight);
  c.ends.set(member, on_grain(end));
  is_end_known_ = false;
  next_end_ = kNever;
}

std::uint32_t MemoryServer::finish_next() {
  advance(next_end());
  Class& c = classes_[next_class_];
  const std::uint32_t member = Tournament::entity_of(c.ends.top());
  const std::uint32_t worker = groups_[c.group].members[member];
  c.ends.clear(member);
  c.weight -= weight_of_[worker];
  if (--c.count == 0) note_last(next_class_);
  add_up(c.group);
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
  for (const std::uint32_t k : running_classes_) classes_[k].clock += classes_[k].rate * passed;
}

void MemoryServer::note_first(std::uint32_t class_index) {
  running_classes_.insert(std::ranges::lower_bound(running_classes_, class_index), class_index);
  std::vector<std::uint32_t>& running = groups_[classes_[class_index].group].running;
  const auto by_limit = [&](std::uint32_t k) { return std::pair(classes_[k].limit, k); };
  running.insert(std::ranges::lower_bound(running, by_limit(class_index), {}, by_limit),
                 class_index);
}

void MemoryServer::note_last(std::uint32_t class_index) {
  running_classes_.erase(std::ranges::lower_bound(running_classes_, class_index));
  std::erase(groups_[classes_[class_index].group].running, class_index);
}

// Whether a stream has all its bytes at this very instant, whatever the rates.
bool MemoryServer::has_ended() const {
  return std::ranges::any_of(running_classes_,
                             [&](std::uint32_t k) { return classes_[k].missing() == 0; });
}

// The limits that groups leave to their classes.
void MemoryServer::cap_groups() {
  for (const Group& group : groups_) {
    const double level = level_of_group(group, group_limit_);
    for (const std::uint32_t k : group.running) {
      classes_[k].capped = std::min(classes_[k].limit, level);
    }
  }
}

// What a unit of weight gets where the group's streams ask for more than `limit`; otherwise more
// than any limit of theirs.
double MemoryServer::level_of_group(const Group& group, double limit) const {
  double left = limit;
  std::uint64_t weight_left = 0;
  for (const std::uint32_t k : group.running) weight_left += classes_[k].weight;
  for (const std::uint32_t k : group.running) {
    const double level = left / (as_double(weight_left) * (1 / kWeightOne));
    if (level < classes_[k].limit) return level;
    left -= as_double(classes_[k].weight) * (1 / kWeightOne) * classes_[k].limit;
    weight_left -= classes_[k].weight;
  }
  return std::numeric_limits<double>::infinity();
}

// The running classes, and perhaps others, by the limit that is left to them.
std::span<const std::uint32_t> MemoryServer::by_capped_limit() {
  if (group_limit_ <= 0) return by_limit_;
  sorted_ = running_classes_;
  std::ranges::sort(sorted_, {}, [&](std::uint32_t k) { return std::pair(classes_[k].capped, k); });
  return sorted_;
}

// Whether a stream has all its bytes `passed` after now_, at the rates as they are.
bool MemoryServer::will_have_ended(std::uint64_t passed) const {
  return std::ranges::any_of(running_classes_, [&](std::uint32_t k) {
    const Class& c = classes_[k];
    return c.rate >= kFast || c.missing() <= c.rate * passed;
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
  if (port_contention_ > 0) return share_by_group();
  double demanded = 0;
  std::uint64_t weight_left = 0;
  for (const std::uint32_t k : running_classes_) {
    demanded += as_double(classes_[k].weight) * (1 / kWeightOne) * classes_[k].capped;
    weight_left += classes_[k].weight;
  }
  double left = granted(demanded);
  for (const std::uint32_t k : by_capped_limit()) {
    Class& c = classes_[k];
    if (c.count == 0) continue;
    const double level = left * (1 / (as_double(weight_left) * (1 / kWeightOne)));
    const double rate = shared_ ? std::min(c.capped, level) : c.capped;
    left -= rate * as_double(c.weight) * (1 / kWeightOne);
    weight_left -= c.weight;
    c.rate = rate_of(rate);
  }
}

// What a group's streams ask for, by increasing limit, if groups share as ports do.
void MemoryServer::add_up(std::uint32_t group) {
  if (ports_.empty()) return;
  PortDemand& port = ports_[group];
  port.streams = 0;
  port.demanded = 0;
  for (const std::uint32_t k : groups_[group].running) {
    port.streams += classes_[k].count;
    port.demanded += as_double(classes_[k].weight) * (1 / kWeightOne) * classes_[k].capped;
  }
}

// Each group what it is allowed, and within it max-min.
void MemoryServer::share_by_group() {
  if (group_limit_ > 0) {
    for (std::uint32_t group = 0; group < groups_.size(); ++group) add_up(group);
  }
  share_by_port(ports_, granted(demanded_by(ports_)), port_contention_);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const PortDemand& port = ports_[g];
    const double level = port.allowed < port.demanded ? level_of_group(groups_[g], port.allowed)
                                                      : std::numeric_limits<double>::infinity();
    for (const std::uint32_t k : groups_[g].running) {
      classes_[k].rate = rate_of(std::min(classes_[k].capped, level));
    }
  }
}

// The first end at these rates, of several the first class's.
void MemoryServer::find_end() {
  is_end_known_ = true;
  for (const std::uint32_t k : running_classes_) {
    const Class& c = classes_[k];
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
