#include "traces/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::two_iteration_run;

// The events with that phase of an exported file.
std::vector<nlohmann::json> events(const std::string& path, const std::string& phase) {
  std::ifstream file(path);
  std::vector<nlohmann::json> found;
  const nlohmann::json document = nlohmann::json::parse(file);
  for (const auto& event : document.at("traceEvents")) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

TEST(ExportChrome, WritesEachSliceWithItsInstants) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.json";

  const Result<ExportCounts> counts = export_chrome(make_trace(two_iteration_run()), path);

  ASSERT_TRUE(counts.has_value());
  const auto slices = events(path, "X");
  EXPECT_EQ(counts->slices, 9U);
  EXPECT_EQ(counts->counters, 2U);
  EXPECT_EQ(counts->left_out, 5U);  // 2 activations, a request, a clock, a doubt
  ASSERT_THAT(slices, SizeIs(9));
  EXPECT_EQ(slices[1].at("name"), "L0.down[0]");
  EXPECT_EQ(slices[1].at("cat"), "attention");
  EXPECT_DOUBLE_EQ(slices[1].at("ts"), 0.550);
  EXPECT_DOUBLE_EQ(slices[1].at("dur"), 0.450);
  EXPECT_DOUBLE_EQ(slices[1].at("args").at("ready_us"), 0.5);
  EXPECT_FALSE(slices[1].at("args").contains("preload_us"));
  EXPECT_EQ(slices[8].at("name"), "prepare");
}

TEST(ExportChrome, DrawsAnArrowFromTheLastProducer) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.json";

  ASSERT_TRUE(export_chrome(make_trace(two_iteration_run()), path).has_value());

  const auto starts = events(path, "s");
  const auto ends = events(path, "f");
  ASSERT_THAT(starts, SizeIs(4));
  ASSERT_THAT(ends, SizeIs(4));
  EXPECT_EQ(starts[0].at("tid"), 1);  // task 1 notified after task 0
  EXPECT_EQ(starts[0].at("id"), ends[0].at("id"));
  EXPECT_DOUBLE_EQ(ends[0].at("ts"), 0.550);
}

TEST(ExportChrome, KeepsNamesThatAreNoUtf8) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.json";
  RunRecord run = two_iteration_run();
  run.span_names[0] = "a \"quote\" and \xff";

  ASSERT_TRUE(export_chrome(make_trace(run), path).has_value());

  EXPECT_EQ(events(path, "X")[8].at("name"), "a \"quote\" and \xef\xbf\xbd");
}

TEST(ExportCsv, WritesARowASliceAndNothingForWhatWasNotTaken) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.csv";
  RunRecord run = two_iteration_run();
  run.span_names[0] = "prepare, then \"go\"";

  ASSERT_TRUE(export_csv(make_trace(run), path).has_value());

  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_THAT(lines, SizeIs(10));
  EXPECT_EQ(lines[2], "1,0,0,worker,0,2,L0.down[0],down,0,0,,550,1000,160,165,500,,,,1010,");
  EXPECT_EQ(lines[9], "8,2,0,scheduler,0,,,,,,\"prepare, then \"\"go\"\"\",1100,1200,,,,,,,,");
  EXPECT_EQ(std::count(lines[0].begin(), lines[0].end(), ','),
            std::count(lines[2].begin(), lines[2].end(), ','));
}

TEST(Export, LeavesNothingWhereItCannotWrite) {
  const TemporaryFolder folder;

  const Result<ExportCounts> counts =
      export_csv(make_trace(two_iteration_run()), folder / "no/run.csv");

  ASSERT_FALSE(counts.has_value());
  EXPECT_THAT(counts.error().message, HasSubstr("no/run.csv: cannot create"));
}

}  // namespace
}  // namespace mk
