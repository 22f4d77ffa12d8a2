// Typed ids, counts and times: mixing two of them is a compile error.
//
// Id<Tag>     a dense index 0 .. n-1 into one table. "None" is std::optional<Id>, never a magic
// value; inside columns of
//             plain integers (files, device memory) kNoIndex stands for none, and never leaves
//             them.
// Count<Tag>  an amount (bytes, floating point operations).
// SimTime     simulated time since the start of the run, Duration its difference: integer
// picoseconds, so that sums are exact
//             and the same on every machine. 2^63 ps are 106 days.
#pragma once

#include <chrono>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <ratio>

namespace mk {

template <typename Tag>
struct Id {
  std::uint32_t index = 0;

  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t i) : index(i) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

inline constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

template <typename Tag>
struct Count {
  std::int64_t value = 0;

  constexpr Count() = default;
  constexpr explicit Count(std::int64_t v) : value(v) {}
  friend constexpr auto operator<=>(Count, Count) = default;
  friend constexpr Count operator+(Count a, Count b) { return Count(a.value + b.value); }
  friend constexpr Count operator-(Count a, Count b) { return Count(a.value - b.value); }
  constexpr Count& operator+=(Count b) {
    value += b.value;
    return *this;
  }
};

using Bytes = Count<struct BytesTag>;
using Flops = Count<struct FlopsTag>;

struct SimClock {
  using rep = std::int64_t;
  using period = std::pico;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<SimClock>;
  static constexpr bool is_steady = true;
};

using Duration = SimClock::duration;
using SimTime = SimClock::time_point;

// Rounds to the nearest picosecond; the one door from floating point seconds to Duration.
inline Duration seconds_to_duration(double seconds) {
  return Duration(std::llround(seconds * 1e12));
}
inline Duration microseconds_to_duration(double us) { return Duration(std::llround(us * 1e6)); }
constexpr double to_microseconds(Duration d) { return static_cast<double>(d.count()) * 1e-6; }
constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-12; }

}  // namespace mk

template <typename Tag>
struct std::hash<mk::Id<Tag>> {
  std::size_t operator()(mk::Id<Tag> id) const noexcept { return id.index; }
};
