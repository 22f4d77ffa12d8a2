// Reads the events of Chrome's JSON one after the other, without holding the file. Used inside
// traces/ only.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record.h"
#include "core/result.h"

namespace mk {

struct ChromeEvent {
  char phase = 0;  // 0: none, or more than one letter
  std::string name{};
  std::string category{};
  std::string process{};  // numbers as text too
  std::string thread{};
  std::string id{};
  std::string binding{};  // "bp"
  std::optional<Nanoseconds> time{};
  std::optional<Nanoseconds> duration{};
  // Scalars of "args", and those of objects directly within it as "outer.inner".
  std::vector<std::pair<std::string, std::string>> arguments{};
};

struct ChromeReading {
  std::uint64_t events = 0;
  std::uint64_t values_left_out = 0;  // of arguments, nested too deep
  bool is_truncated = false;          // the text ended before its JSON did
  // Strings of "otherData" or "metadata".
  std::vector<std::pair<std::string, std::string>> metadata{};
};

// InvalidInput, with the byte, iff it is no JSON (a missing end is forgiven once there was an
// event), or nothing in it looks like a list of events.
Result<ChromeReading> read_chrome_events(std::istream& in,
                                         const std::function<void(ChromeEvent&&)>& visit);

// Microseconds in decimals, as nanoseconds; digits beyond them are cut off. None iff it is no
// number or beyond 2^61 ns.
std::optional<Nanoseconds> nanoseconds_from_microseconds(const std::string& text);

}  // namespace mk
