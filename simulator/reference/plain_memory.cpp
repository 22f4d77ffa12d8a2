#include "simulator/reference/plain_memory.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/machine.h"

namespace mk::simulator {

PlainMemory::PlainMemory(MemoryServer::Settings settings)
    : settings_(std::move(settings)), streams_(settings_.workers) {
  for (const double limit : settings_.limits) classes_.push_back({.limit = limit * 1e-3});
}

void PlainMemory::start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
                        std::int64_t bytes, double slowness) {
  MK_CHECK(!streams_[worker], "a worker has one stream of a kind");
  advance(now);
  Class& c = classes_[stream_class];
  if (weight_of(stream_class) == 0) c.clock = 0;
  Stream stream{stream_class, MemoryServer::weight_of_slowness(slowness), 0};
  stream.end = MemoryServer::on_grain(c.clock + MemoryServer::volume_of(bytes, stream.weight));
  streams_[worker] = stream;
  share();
}

void PlainMemory::extend(std::int64_t now, std::uint32_t worker, std::uint32_t /*stream_class*/,
                         std::int64_t bytes) {
  advance(now);
  Stream& stream = *streams_[worker];
  stream.end = MemoryServer::on_grain(stream.end + MemoryServer::volume_of(bytes, stream.weight));
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
  double demanded = 0;
  std::uint64_t weight_left = 0;
  for (std::uint32_t k = 0; k < classes_.size(); ++k) {
    demanded += static_cast<double>(weight_of(k)) * (1 / kOne) * classes_[k].limit;
    weight_left += weight_of(k);
  }
  const double offered = settings_.supply[running()] * 1e-3;
  double left = !settings_.shared       ? demanded
                : settings_.smooth_knee ? smooth_minimum(demanded, offered)
                                        : std::min(demanded, offered);
  std::vector<std::uint32_t> by_limit(classes_.size());
  std::iota(by_limit.begin(), by_limit.end(), 0U);
  std::stable_sort(by_limit.begin(), by_limit.end(), [&](std::uint32_t a, std::uint32_t b) {
    return classes_[a].limit < classes_[b].limit;
  });
  for (const std::uint32_t k : by_limit) {
    Class& c = classes_[k];
    const std::uint64_t weight = weight_of(k);
    if (weight == 0) continue;
    const double level = left / (static_cast<double>(weight_left) * (1 / kOne));
    const double rate = settings_.shared ? std::min(c.limit, level) : c.limit;
    left -= rate * static_cast<double>(weight) * (1 / kOne);
    weight_left -= weight;
    c.rate = MemoryServer::rate_of(rate);
  }
}

std::uint64_t PlainMemory::weight_of(std::uint32_t stream_class) const {
  std::uint64_t weight = 0;
  for (const auto& stream : streams_) {
    if (stream && stream->stream_class == stream_class) weight += stream->weight;
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
      if (!streams_[w] || streams_[w]->stream_class != k) continue;
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
