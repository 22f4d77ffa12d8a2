#include "gpu_backend/host/bodies/kernels.h"

#include <array>

#include "core/check.h"
#include "gpu_backend/host/bodies/kernel_tables.h"

namespace mk {
namespace {

// Instruction sets contain one another, so what a processor runs is a prefix of this.
#if defined(__x86_64__)
constexpr std::array kTables = {&kPortableKernels, &kAvx2Kernels, &kAvx512Kernels};
#else
constexpr std::array kTables = {&kPortableKernels};
#endif
constexpr std::array kIsas = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512};

std::size_t count_supported() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return wide ? 3 : 2;
#else
  return 1;
#endif
}

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  MK_CHECK(false, "an instruction set that no row names");
  return {};
}

std::span<const Isa> supported_isas() {
  static const std::size_t count = count_supported();
  return std::span(kIsas).first(count);
}

const Kernels& kernels_for(Isa isa) {
  const auto at = static_cast<std::size_t>(isa);
  MK_CHECK(at < supported_isas().size(), "the processor has this instruction set");
  return *kTables[at];
}

const Kernels& fastest_kernels() { return kernels_for(supported_isas().back()); }

}  // namespace mk
