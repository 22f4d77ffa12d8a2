#include "simulator/reference/plain_memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/check.h"
#include "core/machine.h"

namespace mk::simulator {

PlainMemory::PlainMemory(MemoryServer::Settings settings)
    : settings_(std::move(settings)), streams_(settings_.workers) {
  std::uint32_t groups = 1;
  for (const std::uint32_t group : settings_.group_of) groups = std::max(groups, group + 1);
  for (std::uint32_t g = 0; g < groups; ++g) {
    for (const double limit : settings_.limits)
      classes_.push_back({.limit = limit * 1e-3, .capped = limit * 1e-3});
  }
}

void PlainMemory::start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                        std::int64_t bytes, double slowness) {
  MK_CHECK(!streams_[worker], "a worker has one stream of a kind");
  advance(now);
  const std::uint32_t group = settings_.group_of.empty() ? 0 : settings_.group_of[worker];
  const auto kinds = static_cast<std::uint32_t>(settings_.limits.size());
  const std::uint32_t index = group * kinds + stream_class;
  Class& c = classes_[index];
  if (weight_of(index) == 0) c.clock = 0;
  Stream stream{index, MemoryServer::weight_of_slowness(slowness), 0};
  stream.end = MemoryServer::on_grain(c.clock + MemoryServer::volume_of(bytes, stream.weight));
  streams_[worker] = stream;
  share();
}

void PlainMemory::extend(std::int64_t now, std::uint32_t worker, std::uint32_t /*stream_class*/,
                         std::int64_t bytes, double slowness) {
  advance(now);
  Stream& stream = *streams_[worker];
  const std::uint64_t weight = MemoryServer::weight_of_slowness(slowness);
  if (weight != stream.weight) {
    const std::uint64_t clock = classes_[stream.class_index].clock;
    const std::uint64_t missing = stream.end > clock ? stream.end - clock : 0;
    stream.end = clock + MemoryServer::reweighed(missing, stream.weight, weight);
    stream.weight = weight;
  }
  if (bytes > 0) stream.end += MemoryServer::volume_of(bytes, weight);
  stream.end = MemoryServer::on_grain(stream.end);
  share();
}

std::int64_t PlainMemory::next_end() const { return first_end().at; }

std::uint32_t PlainMemory::finish_next() {
  const End end = first_end();
  advance(end.at);
  streams_[end.worker].reset();
  share();
  return end.worker;
}

void PlainMemory::advance(std::int64_t now) {
  for (std::uint32_t k = 0; k < classes_.size(); ++k) {
    if (weight_of(k) == 0) continue;
    classes_[k].clock += classes_[k].rate * static_cast<std::uint64_t>(now - now_);
    MK_CHECK(classes_[k].clock < std::uint64_t{1} << 62, "the reference is for short runs");
  }
  now_ = now;
}

// Max-min: classes whose limit is below the level run at it, the others share what is left.
void PlainMemory::share() {
  constexpr double kOne = MemoryServer::kWeightOne;
  if (running() == 0) return;
  cap_groups();
  if (settings_.shared && settings_.port_contention > 0) return share_by_groups();
  double demanded = 0;
  std::uint64_t weight_left = 0;
  for (std::uint32_t k = 0; k < classes_.size(); ++k) {
    demanded += static_cast<double>(weight_of(k)) * (1 / kOne) * classes_[k].capped;
    weight_left += weight_of(k);
  }
  double left = granted(demanded);
  for (const std::uint32_t k : sorted_by(&Class::capped)) {
    Class& c = classes_[k];
    const std::uint64_t weight = weight_of(k);
    if (weight == 0) continue;
    const double level = left * (1 / (static_cast<double>(weight_left) * (1 / kOne)));
    const double rate = settings_.shared ? std::min(c.capped, level) : c.capped;
    left -= rate * static_cast<double>(weight) * (1 / kOne);
    weight_left -= weight;
    c.rate = MemoryServer::rate_of(rate);
  }
}

// A group that asks for more than it takes in: its classes' limits come down to the level at which
// it is full.
void PlainMemory::cap_groups() {
  const auto kinds = static_cast<std::uint32_t>(settings_.limits.size());
  for (Class& c : classes_) c.capped = c.limit;
  for (std::uint32_t first = 0; settings_.group_limit > 0 && first < classes_.size();
       first += kinds) {
    const double level = level_of_group(first, settings_.group_limit * 1e-3);
    for (std::uint32_t k = first; k < first + kinds; ++k)
      classes_[k].capped = std::min(classes_[k].limit, level);
  }
}

// What all streams get together, of what they ask for.
double PlainMemory::granted(double demanded) const {
  if (!settings_.shared) return demanded;
  const double offered = settings_.supply[running()] * 1e-3;
  return settings_.smooth_knee ? smooth_minimum(demanded, offered) : std::min(demanded, offered);
}

// Ports that share the memory: each group's own level.
void PlainMemory::share_by_groups() {
  constexpr double kOne = MemoryServer::kWeightOne;
  const auto kinds = static_cast<std::uint32_t>(settings_.limits.size());
  std::vector<PortDemand> ports(classes_.size() / kinds);
  for (const auto& stream : streams_) {
    if (stream) ++ports[stream->class_index / kinds].streams;
  }
  for (const std::uint32_t k : sorted_by(&Class::limit)) {
    ports[k / kinds].demanded +=
        static_cast<double>(weight_of(k)) * (1 / kOne) * classes_[k].capped;
  }
  share_by_port(ports, granted(demanded_by(ports)), settings_.port_contention);
  for (std::uint32_t first = 0; first < classes_.size(); first += kinds) {
    const PortDemand& port = ports[first / kinds];
    const double level = port.allowed < port.demanded ? level_of_group(first, port.allowed)
                                                      : std::numeric_limits<double>::infinity();
    for (std::uint32_t k = first; k < first + kinds; ++k)
      classes_[k].rate = MemoryServer::rate_of(std::min(classes_[k].capped, level));
  }
}

// The level at which the group whose classes begin at `first` takes in `limit`; infinity where its
// streams ask for less.
double PlainMemory::level_of_group(std::uint32_t first, double limit) const {
  constexpr double kOne = MemoryServer::kWeightOne;
  const auto kinds = static_cast<std::uint32_t>(settings_.limits.size());
  double left = limit;
  std::uint64_t weight_left = 0;
  for (std::uint32_t k = first; k < first + kinds; ++k) weight_left += weight_of(k);
  for (const std::uint32_t k : sorted_by(&Class::limit)) {
    if (k < first || k >= first + kinds) continue;
    if (weight_left == 0) break;
    const double level = left / (static_cast<double>(weight_left) * (1 / kOne));
    if (level < classes_[k].limit) return level;
    left -= static_cast<double>(weight_of(k)) * (1 / kOne) * classes_[k].limit;
    weight_left -= weight_of(k);
  }
  return std::numeric_limits<double>::infinity();
}

std::vector<std::uint32_t> PlainMemory::sorted_by(double Class::*limit) const {
  std::vector<std::uint32_t> order(classes_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return classes_[a].*limit < classes_[b].*limit;
  });
  return order;
}

std::uint64_t PlainMemory::weight_of(std::uint32_t class_index) const {
  std::uint64_t weight = 0;
  for (const auto& stream : streams_) {
    if (stream && stream->class_index == class_index) weight += stream->weight;
  }
  return weight;
}

std::uint32_t PlainMemory::running() const {
  return static_cast<std::uint32_t>(std::count_if(
      streams_.begin(), streams_.end(), [](const auto& stream) { return stream.has_value(); }));
}

// Of each class the stream that is nearest to its end, the first worker of several; of these the
// first in time, of the first class.
PlainMemory::End PlainMemory::first_end() const {
  End first;
  for (std::uint32_t k = 0; k < classes_.size(); ++k) {
    const Class& c = classes_[k];
    std::optional<std::uint32_t> nearest;
    for (std::uint32_t w = 0; w < streams_.size(); ++w) {
      if (!streams_[w] || streams_[w]->class_index != k) continue;
      if (!nearest || streams_[w]->end < streams_[*nearest]->end) nearest = w;
    }
    if (!nearest) continue;
    const std::uint64_t end = streams_[*nearest]->end;
    const std::uint64_t missing = end > c.clock ? end - c.clock : 0;
    const auto at = now_ + static_cast<std::int64_t>((missing + c.rate - 1) / c.rate);
    if (at < first.at) first = {at, *nearest};
  }
  return first;
}

}  // namespace mk::simulator
