// Times and numbers as people read them: a unit that fits, digits that mean something.
#pragma once

#include <QString>

#include "core/record.h"

namespace mk::gui {

// "0 ns", "873 ns", "12.35 µs", "4.821 ms", "1.204 s"; with a sign where negative. Four digits.
QString duration_text(double ns);
// To the nanosecond, in µs: "4 821.307 µs". "not recorded" for kNotTaken.
QString instant_text(Nanoseconds ns);
// "12.3 %".
QString percent_text(double part);
// With thin groups of three: "1 234 567".
QString count_text(std::uint64_t count);

// Where a ruler has its ticks. Labels count from `base`, so that they stay short far from 0.
struct Ticks {
  double step = 1;  // 1, 2 or 5 times a power of ten, ns
  double base = 0;  // multiple of a larger step at or before the first tick
  double unit = 1;  // ns of the unit of all labels
  QString unit_name{};
  int decimals = 0;

  QString label(double time) const;
  QString base_label() const;  // empty iff base is 0
};
// At least `apart` pixels from one tick to the next. Requires: ns_per_pixel > 0.
Ticks ticks_for(double start, double ns_per_pixel, double apart);

}  // namespace mk::gui
