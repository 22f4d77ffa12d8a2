// Where the parts of calibration put what they found. Used by calibrate*.cpp only.
#pragma once

#include <string>

#include "profiler/analysis/calibrate.h"

namespace mk {

class CalibrationBuilder {
 public:
  CalibrationBuilder(Calibration& calibration, std::string source)
      : calibration_(calibration), source_(std::move(source)) {}

  Machine& machine() { return calibration_.machine; }

  void set(const std::string& path, Number& number, double value, double residual,
           std::size_t count) {
    calibration_.numbers.push_back({path, number.value, value, residual, count});
    number = {value, value, value, source_};
  }
  // A number that the fit makes meaningless: `why` becomes its source.
  static void settle(Number& number, double value, std::string why) {
    number = {value, value, value, std::move(why)};
  }
  void note(std::string sentence) { calibration_.notes.push_back(std::move(sentence)); }

 private:
  Calibration& calibration_;
  std::string source_;
};

// calibrate_bodies.cpp: bodies.*, memory.curve.
void calibrate_bodies(std::span<const Trace> traces, CalibrationBuilder& out);

// calibrate_protocol.cpp: protocol.*, boundary.base.
void calibrate_protocol(std::span<const Trace> traces, CalibrationBuilder& out);

// Iterations below it are warm-up.
inline std::uint32_t first_steady_iteration(const Trace& trace) {
  return trace.iterations.size() > 1 ? 1 : 0;
}

}  // namespace mk
