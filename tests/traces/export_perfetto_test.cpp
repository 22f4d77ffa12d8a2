// What export_perfetto() writes, decoded by protoc with a schema of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "tests/support/source_dir.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/export.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What a command writes to its standard output; "" iff it fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             &::pclose);
  std::string text;
  char piece[4096];
  for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe.get())) > 0;)
    text.append(piece, n);
  return text;
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

class ExportPerfetto : public ::testing::Test {
 protected:
  void SetUp() override {
    if (output_of("protoc --version 2>/dev/null").empty()) GTEST_SKIP() << "no protoc";
    counts_ = *export_perfetto(make_trace(testing::two_iteration_run()), path_);
    text_ =
        output_of("protoc -I " + source_dir() +
                  "/tests/traces --decode=perfetto_subset.Trace perfetto_subset.proto < " + path_);
    ASSERT_FALSE(text_.empty()) << "protoc could not decode it";
  }

  const testing::TemporaryFolder folder_{};
  const std::string path_ = folder_ / "run.pftrace";
  ExportCounts counts_{};
  std::string text_{};
};

TEST_F(ExportPerfetto, WritesABeginAndAnEndASlice) {
  EXPECT_EQ(counts_.slices, 9U);
  EXPECT_EQ(count(text_, "type: SLICE_BEGIN"), 9U);
  EXPECT_EQ(count(text_, "type: SLICE_END"), 9U);
  EXPECT_EQ(count(text_, "timestamp: 550\n"), 1U);  // L0.down[0] of iteration 0
  EXPECT_THAT(text_, HasSubstr("name: \"L0.down[0]\""));
  EXPECT_EQ(count(text_, "name: \"L0.down[0]\""), 1U) << "names are written once";
}

TEST_F(ExportPerfetto, NamesATrackALane) {
  EXPECT_EQ(count(text_, "track_descriptor {"), 1U + 3 + 1);  // a device, lanes, a counter
  EXPECT_THAT(text_, HasSubstr("name: \"worker 0\""));
  EXPECT_THAT(text_, HasSubstr("process_name: \"device 0\""));
  EXPECT_EQ(count(text_, "sibling_merge_behavior: 2"), 3U);
}

TEST_F(ExportPerfetto, DrawsAnArrowFromTheLastProducer) {
  EXPECT_EQ(counts_.flows, 4U);
  EXPECT_EQ(count(text_, " flow_ids:"), 4U);
  EXPECT_EQ(count(text_, "terminating_flow_ids:"), 4U);
}

TEST_F(ExportPerfetto, WritesCountersAndInstants) {
  EXPECT_EQ(counts_.counters, 2U);
  EXPECT_THAT(text_, HasSubstr("double_counter_value: 2.5"));
  EXPECT_EQ(count(text_, "name: \"ready_ns\""), 8U);
  EXPECT_EQ(counts_.left_out, 5U);
}

// protoc prints what the schema does not know as numbers.
TEST_F(ExportPerfetto, HasNoFieldBesidesThoseOfTheSchema) {
  for (int field = 1; field < 100; ++field) {
    EXPECT_THAT(text_, Not(HasSubstr("\n  " + std::to_string(field) + ":")));
    EXPECT_THAT(text_, Not(HasSubstr("\n    " + std::to_string(field) + ":")));
  }
}

}  // namespace
}  // namespace mk
