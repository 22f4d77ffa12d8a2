// Whole pictures against files that a person has looked at: tests/golden/gui.
// MEGASCOPE_UPDATE_GOLDEN=1 in the environment rewrites them.
#include "gui/timeline/picture.h"

#include <gtest/gtest.h>

#include <QFile>
#include <cstdlib>
#include <vector>

#include "gui/model/overlays.h"
#include "gui/timeline/fonts.h"
#include "tests/gui/sample_traces.h"
#include "tests/support/source_dir.h"
#include "tests/traces/temporary_folder.h"

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

struct Drawn {
  QImage image{};
  Viewport view{};
  Layout layout{};
};

Drawn draw(Session& session, const Overlay& overlay, ThemeName theme) {
  const QSize size(640, 260);
  PictureOptions options;
  options.theme = theme;
  PictureCache cache(text_font(kPlotFontSize));
  Drawn drawn;
  drawn.layout = picture_layout(session.scene(), size, options, cache);
  drawn.view = {fitted({0, 1250}, drawn.layout.plot_width()), 0};
  drawn.image =
      draw_picture(session.scene(), drawn.view, overlay, size, options, text_font(kPlotFontSize));
  return drawn;
}

QImage picture_of(Session& session, const Overlay& overlay, ThemeName theme) {
  return draw(session, overlay, theme).image;
}

// Columns of the picture that have this colour in so many pixels.
std::vector<int> columns_of(const QImage& image, QRgb colour, int at_least) {
  std::vector<int> columns;
  for (int x = 0; x < image.width(); ++x) {
    int pixels = 0;
    for (int y = 0; y < image.height(); ++y) pixels += image.pixel(x, y) == colour ? 1 : 0;
    if (pixels >= at_least) columns.push_back(x);
  }
  return columns;
}

int lowest_of(const QImage& image, QRgb colour, int x) {
  int y = image.height() - 1;
  while (y >= 0 && image.pixel(x, y) != colour) --y;
  return y;
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

// The label of the first stands where the line of the second would cross it.
TEST(Picture, NoLineCrossesTheLabelOfAMark) {
  const auto session = testing::tiny_session();
  const QRgb colour = theme_of(ThemeName::kDark).mark;
  const MarkLine first{300, "a label that is long enough", true, std::nullopt};
  const MarkLine second{340, "b", true, std::nullopt};
  Overlay alone;
  alone.marks = {second};
  const QImage line = picture_of(*session, alone, ThemeName::kDark);
  const std::vector<int> columns = columns_of(line, colour, 60);
  ASSERT_FALSE(columns.empty());
  const int x = columns.front();
  const int bottom = lowest_of(line, colour, x);
  Overlay overlay;
  overlay.marks = {first, second};
  const QImage both = picture_of(*session, overlay, ThemeName::kDark);
  EXPECT_EQ(lowest_of(both, colour, columns_of(both, colour, 60).front()), bottom);
  EXPECT_EQ(line.pixel(x, bottom - 5), colour);
  EXPECT_NE(both.pixel(x, bottom - 5), colour);
}

// Labels at one time stand above one another, whatever their number; those without room are left
// out.
TEST(Picture, LabelsOfMarksCoverNoOther) {
  const auto session = testing::tiny_session();
  Overlay overlay;
  std::vector<QImage> pictures;
  for (int k = 0; k < 40; ++k) {
    overlay.marks.push_back({600, "mark", true, std::nullopt});
    pictures.push_back(picture_of(*session, overlay, ThemeName::kDark));
  }
  EXPECT_NE(pictures[0], pictures[1]);
  EXPECT_NE(pictures[6], pictures[7]);  // a place of its own
  EXPECT_EQ(pictures[38], pictures[39]);
}

// The end of a run that fills the view.
TEST(Picture, AMarkOnTheRightEdgeIsShown) {
  const auto session = testing::tiny_session();
  const QRgb colour = theme_of(ThemeName::kDark).mark;
  const Drawn nothing = draw(*session, {}, ThemeName::kDark);
  const double end = nothing.view.window.time_at(nothing.layout.plot_width());
  Overlay overlay;
  overlay.marks = {{end, "end of it", true, std::nullopt}};
  EXPECT_FALSE(columns_of(picture_of(*session, overlay, ThemeName::kDark), colour, 60).empty());
  overlay.marks = {{end * 1.05, "beyond", true, std::nullopt}};
  EXPECT_EQ(picture_of(*session, overlay, ThemeName::kDark), nothing.image);
}

TEST(Names, LoseTheirLayerThenTheirTileBeforeTheyAreCut) {
  TextCache texts(text_font(kPlotFontSize));
  const QString name = "L3.gate_up[17]";
  EXPECT_EQ(name_to_fit(name, texts.width(name), texts), name);
  EXPECT_EQ(name_to_fit(name, texts.width(name) - 1, texts), "gate_up[17]");
  EXPECT_EQ(name_to_fit(name, texts.width("gate_up[17]") - 1, texts), "gate_up");
  EXPECT_EQ(name_to_fit("lm_head[0]", 1, texts), "lm_head");
  EXPECT_EQ(name_to_fit("cudaLaunchKernel", 1, texts), "cudaLaunchKernel");
}

// A picture does without fonts that Qt does not take.
TEST(Fonts, AFileThatIsNoneIsRefusedAndTheOthersAreKnown) {
  const testing::TemporaryFolder folder;
  const QString damaged = QString::fromStdString(folder / "damaged.ttf");
  QFile file(damaged);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly) && file.write("no font") > 0);
  file.close();
  EXPECT_FALSE(add_fonts({damaged}));
  EXPECT_FALSE(add_fonts({QString::fromStdString(folder / "nowhere.ttf")}));
  EXPECT_FALSE(add_fonts({damaged, ":/fonts/DejaVuSans.ttf"}));
  EXPECT_TRUE(add_fonts({":/fonts/DejaVuSans.ttf"}));
  const auto session = testing::tiny_session();
  QFont missing("No such family");
  missing.setPixelSize(kPlotFontSize);
  const Viewport view{fitted({0, 1250}, 400), 0};
  EXPECT_FALSE(draw_picture(session->scene(), view, {}, {640, 260}, {}, missing).isNull());
}

}  // namespace
}  // namespace mk::gui
