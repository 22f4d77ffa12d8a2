// Where a device's own clock stands on the run's axis, as an interval, not a guess.
//
// A stamp kernel reads the device's clock; CUPTI's record of it, on the host's axis, encloses the
// reading: start <= first + offset and last + offset <= end. Each stamp thus bounds the offset from
// both sides, and all stamps of a group together bound it by the intersection. Two groups, before
// and after the run, bound the drift between them. A clock that counts in ticks (an H100's: 32 ns)
// was read up to a tick after the instant that it shows, which widens the lower bound. Pure
// functions: tested without a device.
#pragma once

#include <span>

#include "core/record.h"
#include "core/result.h"

namespace mk::capture {

// One stamp: the device's clock when its kernel began and ended, and the kernel on the host's axis.
struct ClockStamp {
  Nanoseconds device_first = 0;
  Nanoseconds device_last = 0;
  Nanoseconds host_start = 0;
  Nanoseconds host_end = 0;
};

// host = device + offset, with the offset anywhere in [low, high].
struct OffsetInterval {
  Nanoseconds low = 0;
  Nanoseconds high = 0;

  Nanoseconds middle() const { return low + (high - low) / 2; }
  Nanoseconds uncertainty() const { return (high - low + 1) / 2; }  // half width, rounded up
};

// InvalidInput iff there is no stamp, one ends before it starts, or no offset suits all of them
// (one of the clocks was set in between).
Result<OffsetInterval> offset_of(std::span<const ClockStamp> stamps, Nanoseconds tick = 1);

// A line through the offsets at two device times, and how far off it may be in between.
struct ClockAlignment {
  Nanoseconds device_before = 0;  // the middle of the first group's stamps
  OffsetInterval before{};
  Nanoseconds device_after = 0;
  OffsetInterval after{};

  // Of the device against the host.
  double drift_ppm() const;
  Nanoseconds to_host(Nanoseconds device) const;
  // Half width of the interval in which to_host(device) lies: between the groups that of the worse
  // one, outside them growing with the drift's own uncertainty.
  Nanoseconds uncertainty(Nanoseconds device) const;
};

// As offset_of(), for each group, with the tick of both together. InvalidInput also iff the second
// group is not after the first.
Result<ClockAlignment> align_clocks(std::span<const ClockStamp> before,
                                    std::span<const ClockStamp> after);

// How far an interval that must lie within another one on the host's axis sticks out of it: the
// workers' first and last instants against the kernel's own record. 0: it fits.
Nanoseconds residual(const ClockAlignment& alignment, Nanoseconds device_first,
                     Nanoseconds device_last, Nanoseconds host_start, Nanoseconds host_end);

}  // namespace mk::capture
