// Chrome's JSON: importing ends in a Trace or an error; what was imported can be written.
#include "tests/fuzz/fuzz_file.h"
#include "traces/export.h"
#include "traces/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mk::Result<mk::Imported> imported = mk::import_chrome(mk::fuzz::file_of(data, size));
  if (imported) MK_CHECK(imported->trace.makespan() >= 0, "a makespan is no negative time");
  return 0;
}
