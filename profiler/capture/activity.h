// What a program did with CUDA and NVTX, one value a record, free of CUPTI's types: what parses
// records needs CUPTI's headers, what makes traces of them does not.
//
// Times are nanoseconds of CLOCK_REALTIME, to which CUPTI converts the device's; 0: none was taken.
// Names are indexes into the strings of the log that a record stands in (capture_log.h).
#pragma once

#include <array>
#include <cstdint>
#include <variant>

namespace mk::capture {

using Time = std::uint64_t;
using Text = std::uint32_t;
inline constexpr Text kNoText = 0xffffffff;

struct Kernel {
  Time start = 0;
  Time end = 0;
  std::uint64_t graph_node = 0;  // 0: not launched by a CUDA graph
  Text name = kNoText;           // mangled
  std::uint32_t device = 0;
  std::uint32_t context = 0;
  std::uint32_t stream = 0;
  std::uint32_t correlation = 0;  // that of the API call which launched it
  std::uint32_t registers = 0;    // a thread
  std::uint32_t static_shared = 0;
  std::uint32_t dynamic_shared = 0;  // bytes
  std::array<std::uint32_t, 3> grid{};
  std::array<std::uint32_t, 3> block{};
  std::array<std::uint32_t, 3> cluster{};
  std::uint32_t is_cooperative = 0;
};

// A copy or a memset.
struct Transfer {
  Time start = 0;
  Time end = 0;
  std::uint64_t bytes = 0;
  Text name = kNoText;  // "copy HtoD", "memset"
  std::uint32_t device = 0;
  std::uint32_t context = 0;
  std::uint32_t stream = 0;
  std::uint32_t correlation = 0;
  std::uint32_t padding = 0;
};

struct ApiCall {
  Time start = 0;
  Time end = 0;
  Text name = kNoText;
  std::uint32_t is_driver = 0;
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::uint32_t correlation = 0;
  std::uint32_t result = 0;  // 0: success
};

// A host thread waited for the device.
struct Synchronisation {
  Time start = 0;
  Time end = 0;
  Text name = kNoText;
  std::uint32_t context = 0;
  std::uint32_t stream = 0;
  std::uint32_t correlation = 0;
};

// An id of the program's own that stood around an API call.
struct ExternalId {
  std::uint64_t id = 0;
  std::uint32_t correlation = 0;
  std::uint32_t kind = 0;
};

enum class MarkerPhase : std::uint32_t { kInstant, kStart, kEnd };

struct Marker {
  Time time = 0;
  std::uint64_t id = 0;  // of the range; an end has that of its start
  MarkerPhase phase = MarkerPhase::kInstant;
  Text name = kNoText;    // an end has none
  Text domain = kNoText;  // none: the default domain
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::uint32_t padding = 0;
};

// What else was said with the marker of that id.
struct MarkerData {
  std::uint64_t id = 0;
  Text payload = kNoText;
  std::uint32_t category = 0;
  std::uint32_t colour = 0;  // ARGB; 0: none
  std::uint32_t padding = 0;
};

// Time that profiling itself took.
struct Overhead {
  Time start = 0;
  Time end = 0;
  Text name = kNoText;
  std::uint32_t thread = 0;
};

// Records that were dropped, or could not be used.
struct Loss {
  std::uint64_t count = 0;
  Text kind = kNoText;
  Text message = kNoText;
};

// What a counter of the device stood at from `time` on.
struct Counter {
  Time time = 0;
  double value = 0;
  Text track = kNoText;  // its name, which ends in the unit
  std::uint32_t padding = 0;
};

using Activity = std::variant<Kernel, Transfer, ApiCall, Synchronisation, ExternalId, Marker,
                              MarkerData, Overhead, Loss, Counter>;

}  // namespace mk::capture
