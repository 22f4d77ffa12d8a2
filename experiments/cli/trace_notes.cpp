#include "experiments/cli/trace_notes.h"

#include <fmt/format.h>

#include "traces/clock_text.h"

namespace mk::cli {

void add_health(const Trace& trace, Answer& answer) {
  answer.json["health"] = Json::array();
  for (const HealthRecord& h : trace.health) {
    answer.json["health"].push_back({{"kind", h.kind}, {"count", h.count}, {"message", h.message}});
    answer.text += fmt::format("note: {} x {}: {}\n", h.count, h.kind, h.message);
  }
}

void add_clocks(const Trace& trace, Answer& answer) {
  answer.json["clocks"] = Json::array();
  for (const ClockRecord& c : trace.clocks) {
    answer.json["clocks"].push_back(
        {{"device", c.device}, {"uncertainty_ns", c.uncertainty}, {"drift_ppm", c.drift_ppm}});
  }
  answer.text += clock_text(trace);
}

}  // namespace mk::cli
