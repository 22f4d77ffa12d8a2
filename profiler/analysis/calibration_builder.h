// Where the parts of calibration put what they found. Used by calibrate*.cpp only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "profiler/analysis/body_samples.h"
#include "profiler/analysis/calibrate.h"
#include "profiler/analysis/protocol_steps.h"

namespace mk {

class CalibrationBuilder {
 public:
  CalibrationBuilder(Calibration& calibration, std::string source)
      : calibration_(calibration), source_(std::move(source)) {}

  Machine& machine() { return calibration_.machine; }

  void set(const std::string& path, Number& number, double value, double residual,
           std::size_t count) {
    calibration_.numbers.push_back({.path = path,
                                    .before = number.value,
                                    .value = value,
                                    .low = value,
                                    .high = value,
                                    .residual = residual,
                                    .count = count});
    number = {value, value, value, source_};
  }
  // A number that the fit makes meaningless: `why` becomes its source.
  static void settle(Number& number, double value, std::string why) {
    number = {value, value, value, std::move(why)};
  }
  // `path` was fitted, but only its sum (or such) with `others` is known.
  void known_with(const std::string& path, std::string others) {
    for (FittedNumber& number : calibration_.numbers) {
      if (number.path == path) number.known_with = others;
    }
  }
  void note(std::string_view sentence) { calibration_.notes.emplace_back(sentence); }

 private:
  Calibration& calibration_;
  std::string source_;
};

// calibrate_bodies.cpp: bodies.*, memory.curve.
void calibrate_bodies(const BodySamples& samples, CalibrationBuilder& out);

// calibrate_protocol.cpp: protocol.*, boundary.base.
void calibrate_protocol(const ProtocolSteps& steps, CalibrationBuilder& out);

}  // namespace mk
