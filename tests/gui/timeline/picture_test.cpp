// Whole pictures against files that a person has looked at: tests/golden/gui.
// MEGASCOPE_UPDATE_GOLDEN=1 in the environment rewrites them.
#include "gui/timeline/picture.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "gui/model/overlays.h"
#include "gui/timeline/fonts.h"
#include "tests/gui/sample_traces.h"
#include "tests/support/source_dir.h"

namespace mk::gui {
namespace {

// Glyphs may differ in a few grey levels from one FreeType to the next.
constexpr int kChannelSlack = 24;
constexpr double kMostDifferent = 0.002;  // of all pixels

int difference(QRgb a, QRgb b) {
  return std::max({std::abs(qRed(a) - qRed(b)), std::abs(qGreen(a) - qGreen(b)),
                   std::abs(qBlue(a) - qBlue(b))});
}

void expect_picture(const QImage& image, const char* name) {
  const QString path = QString::fromStdString(source_dir() + "/tests/golden/gui/" + name + ".png");
  if (std::getenv("MEGASCOPE_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(image.save(path));
    return;
  }
  const QImage wanted = QImage(path).convertToFormat(QImage::Format_RGB32);
  ASSERT_EQ(image.size(), wanted.size()) << path.toStdString();
  int different = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x)
      different += difference(image.pixel(x, y), wanted.pixel(x, y)) > kChannelSlack ? 1 : 0;
  }
  EXPECT_LE(different, kMostDifferent * image.width() * image.height()) << name;
}

QImage picture_of(Session& session, const Overlay& overlay, ThemeName theme) {
  const QSize size(640, 260);
  PictureOptions options;
  options.theme = theme;
  PictureCache cache(text_font(kPlotFontSize));
  const Layout layout = picture_layout(session.scene(), size, options, cache);
  const Viewport view{fitted({0, 1250}, layout.plot_width()), 0};
  return draw_picture(session.scene(), view, overlay, size, options, text_font(kPlotFontSize));
}

TEST(Picture, OneTraceWithItsWaits) {
  Session session;
  session.add(testing::tiny_trace("tiny"));
  session.trace(0).layer(ColorBy::kCause, *session.operators());
  Arrangement arrangement;
  arrangement.row_height = 26;
  session.set_arrangement(arrangement);
  expect_picture(picture_of(session, {}, ThemeName::kDark), "one_trace");
}

TEST(Picture, TwoTracesWithTheSelectedTaskAndItsPartner) {
  const auto session = testing::tiny_session();
  Arrangement arrangement;
  arrangement.mode = CompareMode::kDelta;
  arrangement.row_height = 20;
  session->set_arrangement(arrangement);
  Overlay overlay;
  select_slice(*session, {0, 1}, overlay);
  overlay.marks.push_back({700, "here", true, std::nullopt});
  expect_picture(picture_of(*session, overlay, ThemeName::kLight), "delta");
}

TEST(Picture, TheSameTwice) {
  const auto session = testing::tiny_session();
  EXPECT_EQ(picture_of(*session, {}, ThemeName::kDark), picture_of(*session, {}, ThemeName::kDark));
}

TEST(Picture, CountersAreTracks) {
  Session session;
  session.add(testing::tiny_trace("tiny"));
  Arrangement arrangement;
  arrangement.show_counters = true;
  session.set_arrangement(arrangement);
  expect_picture(picture_of(session, {}, ThemeName::kDark), "counters");
}

}  // namespace
}  // namespace mk::gui
