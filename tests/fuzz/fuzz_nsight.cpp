// A damaged or strange database as an Nsight Systems export.
#include "tests/fuzz/fuzz_file.h"
#include "traces/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mk::Result<mk::Imported> imported = mk::import_nsight(mk::fuzz::file_of(data, size));
  if (imported) MK_CHECK(imported->trace.makespan() >= 0, "a makespan is no negative time");
  return 0;
}
