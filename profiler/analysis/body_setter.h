// What the fits of all kinds of bodies set alike: constant time and spread. Used by
// calibrate_bodies and calibrate_small_bodies only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "core/task_kind.h"
#include "profiler/analysis/body_samples.h"
#include "profiler/analysis/calibration_builder.h"
#include "profiler/analysis/robust_fit.h"

namespace mk {

class BodySetter {
 public:
  explicit BodySetter(CalibrationBuilder& out) : out_(out) {}

  static std::string path(TaskKind kind, std::string_view member);
  BodyNumbers& body(TaskKind kind) { return out_.machine().bodies[index_of(kind)]; }

  // Time that is no stream, before and after it.
  void set_constant(TaskKind kind, double constant, const Samples& samples, double residual,
                    std::size_t count);

  // Scales the line so that what it predicts adds up to what was recorded; how records lie about
  // it.
  static Spread scale_to_sum(const Samples& samples, double Sample::*x, LineFit& line);
  void set_spread(TaskKind kind, const Samples& samples, double Sample::*x, LineFit& line);

  // Notes what is known as a sum only.
  void finish();

 private:
  bool preloads() const;

  CalibrationBuilder& out_;
  std::vector<std::string> unsplit_{};
};

}  // namespace mk
