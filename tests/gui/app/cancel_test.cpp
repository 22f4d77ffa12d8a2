// Cancel of the status line ends whatever runs, and the panel that asked for it says so.
#include <gtest/gtest.h>

#include <QToolButton>

#include "gui/app/panels.h"
#include "gui/panels/simulate_panel.h"
#include "gui/panels/sql_panel.h"
#include "tests/gui/app/window_fixture.h"

namespace mk::gui {
namespace {

class CancelTest : public testing::MainWindowTest {
 protected:
  QToolButton* cancel_button() {
    for (QToolButton* button : window_->findChildren<QToolButton*>()) {
      if (button->text() == "Cancel") return button;
    }
    return nullptr;
  }
};

TEST_F(CancelTest, EndsAQueryThatNeverEnds) {
  open_and_wait(write_tiny("a.db"));
  SqlPanel& sql = window_->panels().sql();
  sql.set_query(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  sql.run();
  EXPECT_TRUE(window_->is_busy());
  ASSERT_TRUE(cancel_button()->isVisible());
  QTest::mouseClick(cancel_button(), Qt::LeftButton);
  EXPECT_FALSE(sql.is_running());
  EXPECT_EQ(sql.message(), "interrupted");
  settle();  // its thread has ended too
  EXPECT_FALSE(cancel_button()->isVisible());
  EXPECT_EQ(window_->session().size(), 1U);
}

TEST_F(CancelTest, EndsASimulation) {
  SimulatePanel& simulate = window_->panels().simulate();
  simulate.run();
  EXPECT_TRUE(window_->is_busy());
  ASSERT_TRUE(cancel_button()->isVisible());
  QTest::mouseClick(cancel_button(), Qt::LeftButton);
  EXPECT_FALSE(simulate.is_running());
  EXPECT_EQ(simulate.message(), "Cancelled.");
  settle();
  EXPECT_EQ(window_->session().size(), 0U);
}

}  // namespace
}  // namespace mk::gui
