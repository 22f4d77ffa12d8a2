#include "gui/timeline/time_text.h"

#include <gtest/gtest.h>

namespace mk::gui {
namespace {

std::string plain(QString text) {
  return text.replace(QChar(0x00a0), ' ').replace(QChar(0x2009), '_').toStdString();
}

TEST(TimeText, TakesTheUnitThatFits) {
  EXPECT_EQ(plain(duration_text(0)), "0 ns");
  EXPECT_EQ(plain(duration_text(873)), "873 ns");
  EXPECT_EQ(plain(duration_text(12345)), "12.35 µs");
  EXPECT_EQ(plain(duration_text(-4821000)), "-4.821 ms");
  EXPECT_EQ(plain(duration_text(1.204e9)), "1.204 s");
}

TEST(TimeText, InstantsGoToTheNanosecond) {
  EXPECT_EQ(plain(instant_text(4821307)), "4_821.307 µs");
  EXPECT_EQ(plain(instant_text(kNotTaken)), "not recorded");
}

TEST(Ticks, StepsAreRoundAndFarEnoughApart) {
  for (double scale = 0.05; scale < 1e7; scale *= 1.37) {
    const Ticks ticks = ticks_for(0, scale, 90);
    EXPECT_GE(ticks.step / scale, 90 * (1 - 1e-9));
    EXPECT_LE(ticks.step / scale, 90 * 2.5 + 1 / scale);
  }
}

TEST(Ticks, FarFromZeroTheyCountFromABase) {
  const Ticks ticks = ticks_for(31010000, 10, 100);
  EXPECT_EQ(plain(ticks.base_label()), "31 ms");
  EXPECT_EQ(plain(ticks.label(31010000)), "+10");
  EXPECT_EQ(plain(ticks.unit_name), "µs");
}

TEST(Ticks, NeighboursNeverReadTheSame) {
  for (const double start : {0.0, 12345.0, 98765432.0}) {
    for (double scale = 0.05; scale < 1e6; scale *= 1.9) {
      const Ticks ticks = ticks_for(start, scale, 90);
      EXPECT_NE(ticks.label(start), ticks.label(start + ticks.step)) << start << " " << scale;
    }
  }
}

}  // namespace
}  // namespace mk::gui
