// Calibration of bodies that stream nothing to speak of. Used by calibrate_bodies.cpp only.
#pragma once

#include <string>
#include <vector>

#include "profiler/analysis/body_setter.h"

namespace mk {

class SmallBodyFitter {
 public:
  SmallBodyFitter(CalibrationBuilder& out, BodySetter& setter) : out_(out), setter_(setter) {}

  // fixed + per_activation x KiB. Where all samples have one size, the two are split as microbench
  // measured the body alone, if it did; else all of it is fixed.
  void fit(TaskKind kind, const Samples& all);

  // Notes which kinds had one size only.
  void finish();

 private:
  void set_line(TaskKind kind, const Samples& all, LineFit line);
  void set_as_alone(TaskKind kind, const Samples& all, const LineFit& line);
  void settle_rest(TaskKind kind, const Samples& all);

  CalibrationBuilder& out_;
  BodySetter& setter_;
  std::vector<std::string> same_size_{};
  std::vector<std::string> as_alone_{};  // of one size, but measured alone at several
};

}  // namespace mk
