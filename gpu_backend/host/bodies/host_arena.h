// HostArena: one zeroed piece of memory for all tensors of a model, in huge pages where the system
// gives them. And how much memory there is.
#pragma once

#include <cstddef>

#include "core/result.h"
#include "core/units.h"

namespace mk {

class HostArena {
 public:
  HostArena() = default;
  // kIo iff the system refuses.
  [[nodiscard]] static Result<HostArena> allocate(std::size_t bytes);

  HostArena(const HostArena&) = delete;
  HostArena& operator=(const HostArena&) = delete;
  HostArena(HostArena&& other) noexcept;
  HostArena& operator=(HostArena&& other) noexcept;
  ~HostArena();

  std::byte* data() const { return data_; }  // aligned to 2 MiB

 private:
  void* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  std::byte* data_ = nullptr;
};

// Bytes that this process may still take without swapping: what Linux calls MemAvailable, or what
// is left of the control group's limit where that is less. The largest number iff nobody says.
Bytes available_memory();

}  // namespace mk
