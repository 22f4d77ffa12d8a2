// Qt's own tester on every model of the panels.
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>

#include "gui/model/histogram.h"
#include "gui/panels/area_model.h"
#include "gui/panels/search_model.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

TEST(Models, TheAreaTableSortsByValueAndNotByText) {
  AreaModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  const auto session = testing::tiny_session();
  model.set_rows(area_rows(*session, {{100, 2200}, 0, 4}));
  ASSERT_EQ(model.rowCount(), 8);  // two operators, a span and the rest, of each trace
  model.sort(3, Qt::DescendingOrder);
  for (std::size_t k = 1; k < model.rows().size(); ++k)
    EXPECT_GE(model.rows()[k - 1].total, model.rows()[k].total);
  model.set_rows({});
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(Models, TheSearchTableNamesWhatWasFound) {
  const auto session = testing::tiny_session();
  SearchModel model(*session);
  const QAbstractItemModelTester tester(&model, kFatal);
  model.set_found(search(*session, "down"));
  ASSERT_EQ(model.rowCount(), 8);
  EXPECT_EQ(model.data(model.index(0, 0), Qt::DisplayRole).toString(), "L0.down[0]");
  for (int column = 0; column < model.columnCount(); ++column)
    model.sort(column, Qt::DescendingOrder);
  session->close(1);
  model.set_found(search(*session, "down"));
  EXPECT_EQ(model.rowCount(), 4);
}

TEST(Histogram, CountsEachValueOnce) {
  const Histogram histogram = histogram_of({1, 2, 2, 3, 100}, 10);
  std::uint32_t sum = 0;
  for (const std::uint32_t bin : histogram.bins) sum += bin;
  EXPECT_EQ(sum, 5U);
  EXPECT_EQ(histogram.median, 2);
  EXPECT_EQ(histogram.bin_of(1e9), 9U);
}

}  // namespace
}  // namespace mk::gui
