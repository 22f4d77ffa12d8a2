// Damage that SQLite itself may or may not see: opening must end in a trace or an error, never in a
// crash (this test is labelled sanitize).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"
#include "traces/trace_reader.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::string whole_file(const TemporaryFolder& folder) {
  const std::string path = folder / "whole.db";
  EXPECT_TRUE(write_trace(testing::two_iteration_run(), path, {.intervals = true}).has_value());
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Trace> read_bytes(const TemporaryFolder& folder, const std::string& bytes) {
  const std::string path = folder / "damaged.db";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return read_trace(path);
}

TEST(DamagedFile, IsRefusedWhereverItWasTruncated) {
  const TemporaryFolder folder;
  const std::string whole = whole_file(folder);

  for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 1 : 1021) {
    const Result<Trace> read = read_bytes(folder, whole.substr(0, size));

    ASSERT_FALSE(read.has_value()) << "truncated to " << size << " bytes";
    ASSERT_THAT(read.error().message, HasSubstr("damaged.db: "));
  }
}

bool is_read_in_two_steps(const std::string& path) {
  Result<TraceReader> reader = TraceReader::open(path);
  if (!reader) return false;
  Result<Trace> trace = reader->outline();
  return trace && reader->complete(*trace);
}

// What is still read keeps the invariants that analysis leans on, so it can be used.
TEST(DamagedFile, WithFlippedBytesIsReadOrRefusedAndNeverCrashes) {
  const TemporaryFolder folder;
  const std::string whole = whole_file(folder);
  std::mt19937 random(20261123);
  int refused = 0;

  for (int round = 0; round < 200; ++round) {
    std::string damaged = whole;
    const std::size_t flips = 1 + random() % 8;
    for (std::size_t i = 0; i < flips; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const Result<Trace> read = read_bytes(folder, damaged);
    refused += read ? 0 : 1;
    EXPECT_EQ(is_read_in_two_steps(folder / "damaged.db"), read.has_value()) << "round " << round;
    if (read) derive_intervals(cause_input(*read));
  }

  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace mk
