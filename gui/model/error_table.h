// Where the first trace (the prediction) and another one differ: by operator, over matched tasks,
// and by cause, over all time of the workers.
#pragma once

#include <QString>
#include <QStringList>
#include <cstdint>
#include <vector>

#include "gui/model/compared.h"

namespace mk::gui {

struct ErrorRow {
  QString name{};
  std::uint64_t count = 0;  // matched tasks; 0 by cause
  double first = 0;         // ns: by operator the mean length of its tasks, by cause all time
  double second = 0;
  double error_p50 = 0;  // of |first - second| / second of a task; 0 by cause
  double error_p95 = 0;
  double later_p50 = 0;  // ns that the second started later, median; 0 by cause
  double excess = 0;     // ns, second minus first, summed

  double error() const { return second > 0 ? (first - second) / second : 0; }
};

// Largest |excess| first; by cause none while a trace is not whole.
std::vector<ErrorRow> errors_by_operator(const Compared& pair);
std::vector<ErrorRow> errors_by_cause(const Compared& pair);

// A matched task's length in both.
struct LengthPair {
  float first = 0;  // ns
  float second = 0;
  std::uint8_t category = 0;  // operator
  std::uint32_t slice = 0;    // of the first trace
};
// At most `most` of them, spread evenly.
std::vector<LengthPair> length_pairs(const Compared& pair, std::size_t most);

// "predicted 4 821 µs, measured 5 012 µs (+3.8 %)" and what could not be matched, a line each.
QStringList comparison_lines(const Compared& pair);

}  // namespace mk::gui
