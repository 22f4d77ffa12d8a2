// The yardstick of everything that streams: reads bytes in order and does nothing else with them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mk {

// Sum of the 8-byte words, so that nothing can be left out. Requires: `begin` aligned to 64 bytes.
std::uint64_t plain_read(const std::byte* begin, std::int64_t bytes);

}  // namespace mk
