#include "traces/clock_text.h"

#include <fmt/format.h>

namespace mk {

std::string clock_text(const Trace& trace) {
  std::string text;
  for (const ClockRecord& c : trace.clocks) {
    text += fmt::format("device {}: clock known to {} ns, drift {:.2f} ppm\n", c.device,
                        c.uncertainty, c.drift_ppm);
  }
  return text;
}

}  // namespace mk
