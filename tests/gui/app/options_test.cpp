#include "gui/app/options.h"

#include <gtest/gtest.h>

namespace mk::gui {
namespace {

Result<Options> parse(const QStringList& arguments) {
  return parse_options(QStringList{"megascope-gui"} + arguments);
}

TEST(Options, ReadEverything) {
  const auto o =
      parse({"a.db",       "b.db",           "--screenshot", "o.png", "--size",       "640x480",
             "--range",    "100us:1.5ms",    "--theme",      "light", "--mode",       "delta",
             "--color",    "cause",          "--align",      "scale", "--row-height", "9",
             "--counters", "--critical-path"});
  ASSERT_TRUE(o.has_value()) << o.error().message;
  EXPECT_EQ(o->traces.size(), 2);
  EXPECT_EQ(o->size, QSize(640, 480));
  EXPECT_EQ(o->range, (TimeRange{100e3, 1.5e6}));
  EXPECT_EQ(o->theme, ThemeName::kLight);
  EXPECT_EQ(o->mode, CompareMode::kDelta);
  EXPECT_EQ(o->color_by, ColorBy::kCause);
  EXPECT_EQ(o->align_by, AlignBy::kScale);
  EXPECT_EQ(o->row_height, 9);
  EXPECT_TRUE(o->counters && o->critical_path);
}

TEST(Options, RefuseWhatTheyDoNotKnowWithWhatWouldBeRight) {
  const std::pair<QStringList, const char*> wrong[] = {
      {{"--size", "0x0"}, "--size 0x0: must be WIDTHxHEIGHT"},
      {{"--range", "5:1"}, "--range 5:1: must be A:B"},
      {{"--theme", "pink"}, "must be dark or light"},
      {{"--mode", "x"}, "stacked, interleaved"},
      {{"--nonsense"}, "nonsense"},
      {{"--screenshot", "o.png"}, "needs a TRACE"},
  };
  for (const auto& [arguments, message] : wrong) {
    const auto options = parse(arguments);
    ASSERT_FALSE(options.has_value()) << message;
    EXPECT_EQ(options.error().code, ErrorCode::kUsage);
    EXPECT_NE(options.error().message.find(message), std::string::npos) << options.error().message;
  }
}

TEST(Options, TimesHaveUnits) {
  EXPECT_EQ(parse_time("250"), 250e3);
  EXPECT_EQ(parse_time("3ns"), 3);
  EXPECT_EQ(parse_time("2 s"), 2e9);
  EXPECT_EQ(parse_time("us"), std::nullopt);
  EXPECT_EQ(parse_time("nan"), std::nullopt);
}

TEST(Options, TheHelpNamesEveryOption) {
  for (const char* option : {"--screenshot", "--size", "--range", "--theme", "--mode", "--color",
                             "--align", "--row-height", "--panel", "--window-screenshot",
                             "--select", "--counters", "--critical-path", "--record-input"})
    EXPECT_TRUE(help_text().contains(option)) << option;
}

}  // namespace
}  // namespace mk::gui
