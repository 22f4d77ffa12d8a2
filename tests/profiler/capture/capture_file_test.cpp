#include "profiler/capture/capture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "profiler/capture/capture_trace.h"
#include "tests/profiler/capture/launch_log.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// The log's records, written again with texts of the file's own numbering.
void write(const CaptureLog& log, const std::string& path) {
  auto file = CaptureFile::create(path, log.process, log.program);
  ASSERT_TRUE(file.has_value());
  for (const std::string& text : log.texts) (*file)->intern(text);
  for (const Activity& activity : log.activities) (*file)->add(activity);
}

TEST(CaptureFile, GivesBackWhatWasWritten) {
  const testing::TemporaryFolder folder;
  const CaptureLog log = testing::one_launch();
  write(log, folder / "capture");

  const Result<CaptureLog> read = read_capture(folder / "capture");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->process, 70U);
  EXPECT_EQ(read->program, "decoder");
  EXPECT_EQ(read->texts, log.texts);
  EXPECT_EQ(testing::slice_lines(make_trace({&*read, 1})),
            testing::slice_lines(make_trace({&log, 1})));
}

std::size_t records_of(const CaptureLog& log) {
  return static_cast<std::size_t>(
      std::count_if(log.activities.begin(), log.activities.end(),
                    [](const Activity& a) { return !std::holds_alternative<Loss>(a); }));
}

TEST(CaptureFile, CutAnywhereGivesWhatCameBefore) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "capture";
  write(testing::one_launch(), path);
  std::size_t records = testing::one_launch().activities.size();

  for (auto rest = std::filesystem::file_size(path); rest >= 12; --rest) {
    std::filesystem::resize_file(path, rest);
    const Result<CaptureLog> read = read_capture(path);

    ASSERT_TRUE(read.has_value());
    EXPECT_LE(records_of(*read), records);
    EXPECT_GE(records_of(*read) + 1, records);
    records = records_of(*read);
    make_trace({&*read, 1});
  }
  EXPECT_EQ(records, 0U);
}

TEST(CaptureFile, SaysThatItWasCut) {
  const testing::TemporaryFolder folder;
  write(testing::one_launch(), folder / "capture");
  std::filesystem::resize_file(folder / "capture",
                               std::filesystem::file_size(folder / "capture") - 1);

  const Result<CaptureLog> read = read_capture(folder / "capture");

  EXPECT_THAT(testing::health_lines(make_trace({&*read, 1})), Contains("capture_cut_short 1"));
}

TEST(CaptureFile, RefusesWhatIsNone) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "text") << "MKCAP 9\nsomething";

  EXPECT_THAT(read_capture(folder / "text").error().message,
              HasSubstr("no capture of this version"));
  EXPECT_THAT(read_capture(folder / "missing").error().message, HasSubstr("cannot open"));
}

}  // namespace
}  // namespace mk::capture
