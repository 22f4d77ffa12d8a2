#include "gui/timeline/body.h"

#include <gtest/gtest.h>

#include "gui/timeline/picture.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

// A scene over random bands, one row a lane.
class RandomScene {
 public:
  RandomScene(std::size_t lanes, std::size_t a_lane, int row_height)
      : random_(testing::random_bands(17, lanes, a_lane, 1000000)) {
    layer_.bands = random_->bands;
    layer_.mip.emplace(layer_.bands);
    for (int c = 0; c < 7; ++c)
      layer_.entries.push_back(
          {"c" + std::to_string(c), sequence_colour(static_cast<std::uint32_t>(c))});
    scene.traces.push_back({"random", {}, nullptr, &layer_, nullptr});
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      Row row;
      row.y = static_cast<int>(lane) * row_height;
      row.height = row_height;
      row.lanes = {{0, static_cast<std::uint32_t>(lane)}};
      scene.rows.push_back(row);
    }
    scene.height = static_cast<int>(lanes) * row_height;
    scene.range = {0, 1000000};
    scene.index_rows();
  }

  Scene scene{};

 private:
  std::unique_ptr<testing::RandomBands> random_;
  BandLayer layer_{};
};

BodySpec spec_at(double start, double scale) {
  BodySpec spec;
  spec.view.window = {start, scale};
  spec.size = QSize(400, 200);
  return spec;
}

TEST(Body, TheSameViewAgainDrawsNothing) {
  const RandomScene random(20, 500, 10);
  BodyCache cache;
  cache.picture(random.scene, spec_at(0, 512));
  EXPECT_EQ(cache.columns_drawn(), 400);
  cache.picture(random.scene, spec_at(0, 512));
  EXPECT_EQ(cache.columns_drawn(), 0);
}

TEST(Body, MovedByPixelsItDrawsOnlyWhatCameIntoSight) {
  const RandomScene random(20, 500, 10);
  for (const double scale : {8.0, 256.0, 2048.0}) {
    for (const int by : {30, -30, 399}) {
      BodyCache cache;
      cache.picture(random.scene, spec_at(100 * scale, scale));
      const BodySpec moved = spec_at(100 * scale + by * scale, scale);
      const QImage shifted = cache.picture(random.scene, moved);
      EXPECT_EQ(cache.columns_drawn(), std::abs(by));
      EXPECT_EQ(shifted, draw_body(random.scene, moved)) << scale << " " << by;
    }
  }
}

TEST(Body, AChangedSceneIsDrawnAnew) {
  RandomScene random(4, 100, 20);
  BodyCache cache;
  cache.picture(random.scene, spec_at(0, 100));
  ++random.scene.revision;
  cache.picture(random.scene, spec_at(0, 100));
  EXPECT_EQ(cache.columns_drawn(), 400);
}

TEST(Body, WaitsNeverLookLikeWork) {
  const Instants start{0, 100};
  const Instants end{100, 200};
  const std::vector<std::uint8_t> category{0, 1};
  BandLayer causes;
  causes.bands = {start, end, category, {0}, {2}};
  causes.entries = {{"execute", 0xff4477aa, false}, {"wait", 0xffcc6677, true}};
  Scene scene;
  scene.traces.push_back({"t", {}, nullptr, &causes, nullptr});
  Row row;
  row.height = 30;
  row.lanes = {{0, 0}};
  scene.rows.push_back(row);
  scene.height = 30;
  scene.index_rows();
  const QImage image = draw_body(scene, spec_at(0, 1));
  const Theme& theme = theme_of(ThemeName::kDark);
  EXPECT_EQ(image.pixel(50, 3), 0xff4477aa);         // work fills its lane
  EXPECT_EQ(image.pixel(150, 3), theme.background);  // a wait does not
  EXPECT_EQ(image.pixel(150, 25), 0xffcc6677);
}

TEST(Body, DrawsAtTheResolutionOfTheDevice) {
  const RandomScene random(4, 100, 20);
  BodySpec spec = spec_at(0, 1000);
  spec.pixel_ratio = 2;
  const QImage image = draw_body(random.scene, spec);
  EXPECT_EQ(image.size(), QSize(800, 400));
  EXPECT_EQ(image.devicePixelRatio(), 2);
}

}  // namespace
}  // namespace mk::gui
