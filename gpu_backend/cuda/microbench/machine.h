// The Machine that a GPU's primitives (microbench.h) describe: a built-in machine of that kind,
// each number that was measured replaced, with what it comes from as its source. A primitive that
// is missing leaves its numbers as they were. Needs no toolkit and no device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "gpu_backend/host/microbench.h"

namespace mk::cuda {

struct DeviceFacts {
  std::string name{};         // as the driver says: "NVIDIA H100 80GB HBM3"
  std::string measured_on{};  // a date
  std::uint32_t sms = 0;
  double memory_bytes = 0;
  double l2_bytes = 0;
  double chunk_bytes = 0;  // of a ring of weights
  double chunks = 0;       // of all rings of a block
  double warps = 0;        // that have one
  double kernel_blocks_per_sm = 1;
};

// Of the device whose primitives such a machine was made of; 0 warps where it does not say them.
DeviceFacts facts_of_machine(const Machine& measured);

// The built-in machine that is most like the device of that name.
std::string_view base_machine(std::string_view device_name);

// Valid if the base is, for any primitives with finite values that are not negative.
Machine device_machine(Machine base, const DeviceFacts& facts,
                       const std::vector<Primitive>& primitives);

}  // namespace mk::cuda
