// What the CUDA compiler makes of a source: its PTX, and what ptxas says of each function.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace mk::cuda::test {

struct DeviceCode {
  std::string ptx{};
  std::uint32_t registers = 0;    // of the kernel that takes most
  std::uint32_t stack_bytes = 0;  // of the function that takes most
  std::uint32_t spill_bytes = 0;  // stored, all functions together
  double seconds = 0;             // that it took
};

// Was nvcc there when the test was built?
bool has_cuda_compiler();

// Compiles a source of the project for an architecture ("90a"). Device, with the compiler's words,
// iff it does not compile. Requires: has_cuda_compiler().
[[nodiscard]] Result<DeviceCode> compile_device_code(const std::string& source,
                                                     const std::string& architecture);

// The output of `ptxas -v`, without PTX and seconds.
DeviceCode parse_usage(const std::string& ptxas_output);

// Lines of the PTX that use what the hot path must not: system scope, sequential consistency, full
// fences, volatile accesses. `allowed`: instructions that may be there all the same.
std::vector<std::string> forbidden_accesses(const std::string& ptx,
                                            const std::vector<std::string>& allowed);

}  // namespace mk::cuda::test
