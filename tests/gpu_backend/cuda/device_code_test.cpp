// The device's code without a device: what may not stand in it, and what it may take.
#include <gmock/gmock.h>

#include "tests/gpu_backend/cuda/device_code.h"

namespace mk::cuda::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// DeviceMemory::stop_requested, the host's stop request: the one access at system scope.
const std::vector<std::string> kAllowed = {"ld.relaxed.sys.global.u32"};

// Besides, where there are peers: SystemMemory (peer_memory.h), each of its functions by the one
// access that it is.
const std::vector<std::string> kAllowedWithPeers = {
    "ld.relaxed.sys.global.u32",       "ld.relaxed.sys.global.u64",
    "ld.acquire.sys.global.u32",       "ld.acquire.sys.global.u64",
    "st.relaxed.sys.global.u32",       "st.relaxed.sys.global.u64",
    "atom.relaxed.sys.global.add.u32", "atom.acq_rel.sys.global.add.u32",
    "red.release.sys.global.add.u32"};

// Nothing iff it does not compile, which is a failure then.
DeviceCode compiled(const std::string& source, const std::string& architecture) {
  const Result<DeviceCode> code = compile_device_code(source, architecture);
  EXPECT_TRUE(code.has_value()) << code.error().message;
  if (!code) return {};
  std::printf("%s, sm_%s: %u registers, %u bytes of stack, %u bytes spilt, %.1f s to compile\n",
              source.c_str(), architecture.c_str(), code->registers, code->stack_bytes,
              code->spill_bytes, code->seconds);
  return *code;
}

// Of 384 threads, on every architecture.
constexpr std::uint32_t kMostRegisters = 168;

void expect_no_memory_for_registers(const DeviceCode& code) {
  EXPECT_GT(code.registers, 0U);
  EXPECT_EQ(code.stack_bytes, 0U);
  EXPECT_EQ(code.spill_bytes, 0U);
}

#define SKIP_WITHOUT_NVCC() \
  if (!has_cuda_compiler()) GTEST_SKIP() << "no nvcc: device code is not looked at"

TEST(DeviceCode, OfTheMegakernelKeepsToItsRegistersAndScopes) {
  SKIP_WITHOUT_NVCC();
  const DeviceCode code = compiled("gpu_backend/cuda/megakernel_recording.cu", "90a");

  EXPECT_THAT(forbidden_accesses(code.ptx, kAllowed), IsEmpty());
  EXPECT_THAT(code.ptx, HasSubstr("atom.acq_rel.gpu.global.add.u32"));
  EXPECT_THAT(code.ptx, HasSubstr("cp.async.bulk.shared::cluster.global"));
  EXPECT_LE(code.registers, kMostRegisters);
  expect_no_memory_for_registers(code);
}

TEST(DeviceCode, OfThePeerMegakernelIsAtSystemScopeWhereItsPeersAreOnly) {
  SKIP_WITHOUT_NVCC();
  const DeviceCode code = compiled("gpu_backend/cuda/peer_megakernel_recording.cu", "90a");

  EXPECT_THAT(forbidden_accesses(code.ptx, kAllowedWithPeers), IsEmpty());
  EXPECT_THAT(code.ptx, HasSubstr("red.release.sys.global.add.u32"));
  EXPECT_THAT(code.ptx, HasSubstr("atom.acq_rel.gpu.global.add.u32")) << "at home as ever";
  EXPECT_LE(code.registers, kMostRegisters);
  expect_no_memory_for_registers(code);
}

TEST(DeviceCode, OfTheProtocolAloneTakesFewRegisters) {
  SKIP_WITHOUT_NVCC();
  for (const char* const architecture : {"80", "90a", "100a"}) {
    const DeviceCode code = compiled("tests/gpu_backend/cuda/empty_body.cu", architecture);

    EXPECT_LE(code.registers, 64U) << architecture;
    expect_no_memory_for_registers(code);
  }
}

TEST(DeviceCode, OfTheMegakernelCompilesForAmpereWithCopiesByAllLanes) {
  SKIP_WITHOUT_NVCC();
  const DeviceCode code = compiled("gpu_backend/cuda/megakernel_plain.cu", "80");

  EXPECT_THAT(forbidden_accesses(code.ptx, kAllowed), IsEmpty());
  EXPECT_THAT(code.ptx, HasSubstr("cp.async.cg.shared.global"));
  EXPECT_LE(code.registers, kMostRegisters);
  expect_no_memory_for_registers(code);
}

TEST(DeviceCode, OfTheMegakernelCompilesForBlackwell) {
  SKIP_WITHOUT_NVCC();
  const DeviceCode code = compiled("gpu_backend/cuda/megakernel_plain.cu", "100a");

  EXPECT_THAT(forbidden_accesses(code.ptx, kAllowed), IsEmpty());
  EXPECT_LE(code.registers, kMostRegisters);
  expect_no_memory_for_registers(code);
}

TEST(DeviceCode, UsageIsTheLargestOfAllFunctions) {
  const DeviceCode code = parse_usage(
      "ptxas info    : Function properties for f\n"
      "    24 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads\n"
      "ptxas info    : Used 40 registers, used 2 barriers\n"
      "    0 bytes stack frame, 16 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 32 registers, used 0 barriers\n");
  EXPECT_EQ(code.registers, 40U);
  EXPECT_EQ(code.stack_bytes, 24U);
  EXPECT_EQ(code.spill_bytes, 24U);
}

TEST(DeviceCode, ForbiddenAccessesAreFoundWhereverTheyStand) {
  const std::string ptx =
      "ld.relaxed.gpu.global.u32 %r1, [%rd1];\n"
      "ld.volatile.global.u32 %r1, [%rd1];\nfence.sc.gpu;\nmembar.gl;\n"
      "@%p1 st.release.sys.global.u32 [%rd1], %r1;\nld.relaxed.sys.global.u32 %r2, [%rd2];\n";
  EXPECT_THAT(forbidden_accesses(ptx, kAllowed),
              ElementsAre("ld.volatile.global.u32", "fence.sc.gpu", "membar.gl",
                          "st.release.sys.global.u32"));
}

}  // namespace
}  // namespace mk::cuda::test
