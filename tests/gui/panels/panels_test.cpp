#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QAction>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

#include "gui/panels/command_palette.h"
#include "gui/panels/compare_panel.h"
#include "gui/panels/error_model.h"
#include "gui/panels/graph_panel.h"
#include "gui/panels/heat_map.h"
#include "gui/panels/scatter_view.h"
#include "gui/panels/simulate_panel.h"
#include "gui/panels/sql_panel.h"
#include "gui/panels/text_model.h"
#include "gui/timeline/theme.h"
#include "tests/gui/sample_traces.h"
#include "tests/gui/sweep_sample.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk::gui {
namespace {

constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

TEST(ComparePanel, SaysMakespansAndFillsItsTable) {
  const auto session = testing::tiny_session();
  Background here(RunIn::kCaller);
  ComparePanel panel(*session, here);
  const QAbstractItemModelTester tester(const_cast<ErrorModel*>(&panel.model()), kFatal);
  panel.session_changed();
  EXPECT_EQ(panel.model().rowCount(), 0);  // not seen, not filled
  panel.show();
  EXPECT_TRUE(panel.text().contains("predicted"));
  EXPECT_EQ(panel.model().rowCount(), 2);
  EXPECT_DOUBLE_EQ(panel.model().rows()[0].later_p50, 20);
  EXPECT_DOUBLE_EQ(panel.model().rows()[0].excess, 0);
  panel.choose(1);
  EXPECT_GT(panel.model().rowCount(), 2);
  session->close(1);
  panel.session_changed();
  EXPECT_EQ(panel.model().rowCount(), 0);
}

TEST(ComparePanel, ShowsItsTextWholeWhereItIsLow) {
  const auto session = testing::tiny_session();
  Background here(RunIn::kCaller);
  ComparePanel panel(*session, here);
  panel.resize(500, 130);
  panel.show();
  panel.session_changed();
  const QLabel* text = panel.findChild<QLabel*>();
  const int whole = text->heightForWidth(text->width());
  ASSERT_GT(whole, 2 * text->fontMetrics().lineSpacing());
  EXPECT_TRUE(QTest::qWaitFor([&] { return text->height() >= whole; }, 20000));
  EXPECT_EQ(text->toolTip(), panel.text());
}

TEST(ErrorModel, SortsEveryColumn) {
  const auto session = testing::tiny_session();
  ErrorModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  model.set_rows(errors_by_cause(*compared(*session, 1)));
  for (int column = 0; column < model.columnCount(); ++column) {
    model.sort(column, Qt::AscendingOrder);
    model.sort(column, Qt::DescendingOrder);
  }
  EXPECT_LE(model.rows().back().later_p50, model.rows().front().later_p50);
}

TEST(ScatterView, AClickOnAPointChoosesItsSlice) {
  const auto session = testing::tiny_session();
  ScatterView view;
  view.resize(300, 300);
  const auto pairs = length_pairs(*compared(*session, 1), 100);
  ASSERT_EQ(pairs.size(), 8U);
  view.show_pairs(pairs, session->trace(0).layer(ColorBy::kOperator, *session->operators()).entries,
                  "a", "b");
  std::optional<std::uint32_t> chosen;
  view.on_slice_chosen = [&](std::uint32_t slice) { chosen = slice; };
  QTest::mouseClick(&view, Qt::LeftButton, {}, view.point_of(pairs[0]).toPoint());
  ASSERT_TRUE(chosen.has_value());
  const SliceColumns& s = session->trace(0).trace().slices;
  EXPECT_EQ(s.end[*chosen] - s.start[*chosen], s.end[pairs[0].slice] - s.start[pairs[0].slice]);
  view.grab();
}

TEST(TextModel, SortsNumbersByValueAndWritesCsv) {
  TextModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  model.set_table({{"n", "text"}, {{"10", "a"}, {"9", "b,c"}, {std::nullopt, "d"}}, false});
  model.sort(0, Qt::AscendingOrder);
  EXPECT_EQ(model.csv().toStdString(), "n,text\n,d\n9,\"b,c\"\n10,a\n");
  EXPECT_EQ(model.data(model.index(0, 0), Qt::DisplayRole).toString(), "NULL");
}

class SqlPanelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "tiny.db";
    ASSERT_TRUE(write_trace(testing::two_iteration_run(), path_).has_value());
    auto trace = load_trace(path_);
    ASSERT_TRUE(trace.has_value());
    session_.add(std::move(*trace));
    panel_ = std::make_unique<SqlPanel>(session_);
    panel_->session_changed();
  }
  void run_and_wait(const char* sql) {
    panel_->set_query(sql);
    panel_->run();
    ASSERT_TRUE(QTest::qWaitFor([&] { return !panel_->is_running(); }, 20000));
  }

  testing::TemporaryFolder folder_;
  std::string path_;
  Session session_;
  std::unique_ptr<SqlPanel> panel_;
};

TEST_F(SqlPanelTest, ShowsRowsAndErrors) {
  run_and_wait("SELECT kind, count(*) FROM lane GROUP BY kind ORDER BY kind");
  EXPECT_EQ(panel_->model().rowCount(), 2);
  EXPECT_EQ(panel_->message(), "2 rows");
  run_and_wait("SELECT missing_one");
  EXPECT_TRUE(panel_->message().contains("no such column")) << panel_->message().toStdString();
  run_and_wait("DELETE FROM lane");
  EXPECT_TRUE(panel_->message().contains("only read"));
}

TEST_F(SqlPanelTest, AQueryThatNeverEndsIsStopped) {
  panel_->set_query(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  panel_->run();
  EXPECT_TRUE(panel_->is_running());
  panel_->stop();
  EXPECT_FALSE(panel_->is_running());
  EXPECT_EQ(panel_->message(), "interrupted");
  run_and_wait("SELECT 1");  // its thread is free again
  EXPECT_EQ(panel_->message(), "1 rows");
}

TEST_F(SqlPanelTest, ClosingThePanelStopsItsQuery) {
  panel_->set_query(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  panel_->run();
  panel_.reset();
}

TEST(CommandPalette, FitsLettersInOrder) {
  EXPECT_GT(fit("Critical path", "crit"), fit("Counters", "ct"));
  EXPECT_EQ(fit("Counters", "xyz"), -1);
  EXPECT_GE(fit("Anything", ""), 0);
}

TEST(CommandPalette, EnterRunsWhatIsChosen) {
  QAction first("Alpha");
  QAction second("Beta");
  int ran = 0;
  QObject::connect(&second, &QAction::triggered, [&] { ++ran; });
  auto* palette = new CommandPalette({&first, &second}, nullptr);
  QTest::keyClicks(&palette->field(), "bet");
  EXPECT_EQ(palette->shown(), QStringList{"Beta"});
  QTest::keyClick(&palette->field(), Qt::Key_Return);
  EXPECT_EQ(ran, 1);
  delete palette;
}

TEST(SimulatePanel, ItsResultIsATraceAndMistakesAreSaid) {
  SimulatePanel panel;
  std::optional<Prediction> prediction;
  panel.on_predicted = [&](Prediction p) { prediction = std::move(p); };
  SweepPoint point = testing::small_point(16);
  panel.set_point(point);
  panel.run();
  EXPECT_TRUE(panel.is_running());
  ASSERT_TRUE(QTest::qWaitFor([&] { return !panel.is_running(); }, 30000));
  ASSERT_TRUE(prediction.has_value()) << panel.message().toStdString();
  EXPECT_GT(prediction->trace->slices.size(), 100U);
  point.workers = 1000;
  panel.set_point(point);
  panel.run();
  ASSERT_TRUE(QTest::qWaitFor([&] { return !panel.is_running(); }, 30000));
  EXPECT_TRUE(panel.message().contains("1000"));
}

TEST(SimulatePanel, ACancelledRunDoesNotArrive) {
  SimulatePanel panel;
  bool arrived = false;
  panel.on_predicted = [&](Prediction) { arrived = true; };
  SweepPoint point = first_point();
  point.model = "smollm2-135m";
  point.workers = 8;
  point.schedulers = 4;
  point.iterations = 1;
  panel.set_point(point);
  panel.run();
  panel.cancel();
  EXPECT_FALSE(panel.is_running());
  panel.run();
  panel.cancel();
  QCoreApplication::processEvents();
  EXPECT_FALSE(arrived);
}

TEST(HeatMap, ACellIsTheBestOfItsPointsAndAClickChoosesIt) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "sweep.db";
  testing::write_sweep_sample(path);
  ASSERT_TRUE(is_sweep_file(path));
  const auto sweep = read_sweep_file(path);
  ASSERT_TRUE(sweep.has_value()) << sweep.error().message;
  Background here(RunIn::kCaller);
  HeatMapPanel panel(here);
  panel.resize(500, 300);
  panel.show_file(QString::fromStdString(path), *sweep);
  const SweepMap& map = panel.view().map();
  EXPECT_EQ(map.columns, (std::vector<std::string>{"96", "128"}));
  EXPECT_EQ(map.rows, (std::vector<std::string>{"0", "16"}));
  EXPECT_EQ(map.refused, 1U);
  EXPECT_DOUBLE_EQ(map.at("128", "16")->iteration_us, 90);
  EXPECT_EQ(map.at("128", "16")->point.policy, "jit");
  EXPECT_EQ(map.at("96", "16"), nullptr);
  std::optional<SweepCell> chosen;
  panel.view().on_cell_chosen = [&](const SweepCell& cell) { chosen = cell; };
  panel.view().resize(400, 250);
  QTest::mouseClick(&panel.view(), Qt::LeftButton, {},
                    panel.view().cell_rect(1, 1).center().toPoint());
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ(chosen->point.workers, 128U);
  EXPECT_EQ(chosen->point.schedulers, 16U);
}

TEST(HeatMap, TheBestCellIsFramedSoThatOneSeesIt) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "sweep.db";
  testing::write_sweep_sample(path);
  Background here(RunIn::kCaller);
  HeatMapPanel panel(here);
  panel.resize(500, 300);
  panel.show_file(QString::fromStdString(path), *read_sweep_file(path));
  for (const ThemeName theme : {ThemeName::kDark, ThemeName::kLight}) {
    panel.view().setPalette(widget_palette(theme_of(theme)));
    const QImage image = panel.view().grab().toImage();
    const QRect cell = panel.view().cell_rect(1, 1).toRect();
    EXPECT_GE(contrast(image.pixel(cell.left() + 2, cell.center().y()),
                       image.pixel(cell.left() + 8, cell.top() + 8)),
              4.5);
  }
}

class HeatMapPanelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_sweep_sample(path_);
    const auto sweep = read_sweep_file(path_);
    ASSERT_TRUE(sweep.has_value()) << sweep.error().message;
    panel_.resize(500, 300);
    panel_.show_file(QString::fromStdString(path_), *sweep);
  }
  const SweepMap& map() { return panel_.view().map(); }

  testing::TemporaryFolder folder_{};
  std::string path_ = folder_ / "sweep.db";
  Background here_{RunIn::kCaller};
  HeatMapPanel panel_{here_};
};

TEST_F(HeatMapPanelTest, AValueOfAnotherAxisCountsItsPointsOnly) {
  QComboBox* policy = panel_.values_of("policy");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(panel_.values_of("workers"), nullptr);  // one of the two
  EXPECT_EQ(panel_.values_of("seed"), nullptr);     // one value
  policy->setCurrentIndex(policy->findData("hybrid"));
  EXPECT_DOUBLE_EQ(map().at("128", "16")->iteration_us, 100);
  policy->setCurrentIndex(0);
  EXPECT_DOUBLE_EQ(map().at("128", "16")->iteration_us, 90);
}

TEST_F(HeatMapPanelTest, ItsBoxesAreShownAndWideEnough) {
  HeatMapPanel panel(here_);
  panel.resize(900, 300);
  panel.show();
  QCoreApplication::processEvents();
  panel.show_file(QString::fromStdString(path_), *read_sweep_file(path_));
  QTest::qWait(0);
  for (const QComboBox* box : {&panel.across(), &panel.upwards(), panel.values_of("policy")}) {
    EXPECT_TRUE(box->isVisible());
    EXPECT_GE(box->width(), box->sizeHint().width()) << box->currentText().toStdString();
  }
}

TEST_F(HeatMapPanelTest, AnotherAxisTakesThePlaceOfOne) {
  panel_.across().setCurrentText("policy");
  EXPECT_EQ(map().columns, (std::vector<std::string>{"hybrid", "jit"}));
  EXPECT_EQ(map().rows, (std::vector<std::string>{"0", "16"}));
  EXPECT_EQ(panel_.values_of("policy"), nullptr);
  QComboBox* workers = panel_.values_of("workers");
  ASSERT_NE(workers, nullptr);
  workers->setCurrentIndex(workers->findData("96"));
  EXPECT_EQ(map().cells.size(), 1U);
}

TEST_F(HeatMapPanelTest, TheOtherAxisInPlaceOfOneSwapsThem) {
  panel_.across().setCurrentText("schedulers");
  EXPECT_EQ(panel_.upwards().currentText(), "workers");
  EXPECT_EQ(map().columns, (std::vector<std::string>{"0", "16"}));
  EXPECT_EQ(map().rows, (std::vector<std::string>{"96", "128"}));
}

TEST_F(HeatMapPanelTest, AFileThatIsNoSweepAnyMoreIsSaidAndAGoodOneShownAgain) {
  QFile file(QString::fromStdString(path_));
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  const QByteArray good = file.readAll();
  file.close();
  const auto write = [&](const QByteArray& bytes) {
    ASSERT_TRUE(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    file.close();
  };
  write("no database any more");
  panel_.across().setCurrentText("policy");
  EXPECT_TRUE(panel_.view().error().contains("sweep.db")) << panel_.view().error().toStdString();
  EXPECT_TRUE(map().cells.empty());
  panel_.grab();
  write(good);
  panel_.across().setCurrentText("workers");
  EXPECT_EQ(panel_.view().error(), "");
  EXPECT_EQ(map().cells.size(), 3U);
}

// Nothing that the panel has no field for is lost on the way.
TEST(SimulatePanel, KeepsAndSaysWhatItHasNoFieldFor) {
  SimulatePanel panel;
  EXPECT_EQ(panel.rest(), "");
  SweepPoint point = first_point();
  point.workers = 96;
  point.schedulers = 8;
  point.grid_workers = 128;
  point.partition = "balanced";
  point.what_if = "memory.latency=0.9";
  panel.set_point(point);
  EXPECT_EQ(panel.point(), point);
  EXPECT_EQ(panel.rest(), "grid_workers=128, partition=balanced, what_if=memory.latency=0.9");
  panel.forget().click();
  EXPECT_EQ(panel.rest(), "");
  EXPECT_EQ(panel.point().workers, 96U);
  EXPECT_EQ(panel.point().partition, "mpk");
}

TEST(SimulatePanel, SaysWhereASweepHadAnotherTime) {
  SimulatePanel panel;
  double iteration_us = 0;
  panel.on_predicted = [&](const Prediction& p) { iteration_us = p.iteration_us; };
  SweepPoint point = testing::small_point(16);
  panel.set_point(point);
  panel.run(1.0);
  ASSERT_TRUE(QTest::qWaitFor([&] { return !panel.is_running(); }, 30000));
  EXPECT_TRUE(panel.message().contains("the sweep has 1")) << panel.message().toStdString();
  panel.run(iteration_us);
  ASSERT_TRUE(QTest::qWaitFor([&] { return !panel.is_running(); }, 30000));
  EXPECT_FALSE(panel.message().contains("the sweep has")) << panel.message().toStdString();
}

TEST(GraphPanel, ShowsWhatIsAroundATaskAndChoosesFromIt) {
  Session session;
  session.add(testing::tiny_trace("a"));
  session.scene();
  Background here(RunIn::kCaller);
  GraphPanel panel(here);
  panel.resize(600, 200);
  panel.show_task(session, {0, 1});          // task 2, L0.down[0]
  EXPECT_TRUE(panel.graph().nodes.empty());  // not seen, not laid out
  panel.show();
  const GraphNeighbourhood& graph = panel.graph();
  // begin -> qkv x 2 -> event -> down[0] -> end
  ASSERT_EQ(graph.nodes.size(), 5U);
  EXPECT_EQ(graph.edges.size(), 4U);
  for (const GraphNode& node : graph.nodes) EXPECT_FALSE(node.box.isEmpty());
  for (const GraphEdge& edge : graph.edges) EXPECT_GE(edge.points.size(), 4U);
  std::optional<std::uint32_t> chosen;
  panel.on_task_chosen = [&](std::uint32_t task) { chosen = task; };
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].label.startsWith("L0.qkv"))
      QTest::mouseClick(&panel, Qt::LeftButton, {}, panel.box_of(n).center().toPoint());
  }
  EXPECT_EQ(chosen, 0U);
  panel.grab();
}

}  // namespace
}  // namespace mk::gui
