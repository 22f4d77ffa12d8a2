#include "traces/query.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

class QueryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "tiny.db";
    ASSERT_TRUE(write_trace(testing::two_iteration_run(), path_).has_value());
    Result<QueryConnection> opened = QueryConnection::open(path_);
    ASSERT_TRUE(opened.has_value());
    connection_.emplace(std::move(*opened));
  }

  testing::TemporaryFolder folder_;
  std::string path_;
  std::optional<QueryConnection> connection_;
};

TEST_F(QueryTest, GivesColumnsAndRowsWithNullsAsNone) {
  const auto table = connection_->run("SELECT id, preload_ns AS p FROM slice ORDER BY id", 100);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->columns, (std::vector<std::string>{"id", "p"}));
  ASSERT_EQ(table->rows.size(), 9U);
  EXPECT_EQ(table->rows[1][0], "1");
  EXPECT_EQ(table->rows[1][1], std::nullopt);
  EXPECT_FALSE(table->is_cut);
}

TEST_F(QueryTest, StopsAtTheMostRowsAndSaysSo) {
  const auto table = connection_->run("SELECT id FROM slice", 3);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows.size(), 3U);
  EXPECT_TRUE(table->is_cut);
}

TEST_F(QueryTest, RefusesWhatWouldWriteAndWhatItDoesNotUnderstand) {
  for (const char* sql : {"DELETE FROM slice", "CREATE TABLE t(x)", "SELEC 1", "", "-- nothing"})
    EXPECT_EQ(connection_->run(sql, 10).error().code, ErrorCode::kInvalidInput) << sql;
  EXPECT_EQ(connection_->run("SELECT count(*) FROM slice", 10)->rows[0][0], "9");
}

TEST_F(QueryTest, AQueryThatNeverEndsCanBeInterrupted) {
  std::promise<void> begun;
  auto running = std::async(std::launch::async, [&] {
    begun.set_value();
    return connection_->run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", 10);
  });
  begun.get_future().wait();
  // An interrupt before the statement runs stops nothing, so it is repeated.
  while (running.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    connection_->interrupt();
  EXPECT_EQ(running.get().error().code, ErrorCode::kStuck);
}

TEST_F(QueryTest, AQueryThatNeverEndsEndsOnceItIsNotWanted) {
  int asked = 0;
  const auto table = connection_->run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", 10,
      [&] { return ++asked < 3; });
  EXPECT_EQ(table.error().code, ErrorCode::kStuck);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(connection_->run("SELECT count(*) FROM slice", 10).has_value());  // asked no more
  EXPECT_EQ(asked, 3);
}

// SQLite looks for an interrupt while it compiles a statement, too: the answer does not depend on
// where it was noticed.
TEST_F(QueryTest, AnInterruptIsSaidAlikeWhereverItIsNoticed) {
  for (int repetition = 0; repetition < 50; ++repetition) {
    std::atomic<bool> done = false;
    auto running = std::async(std::launch::async, [&] {
      auto table = connection_->run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
          10);
      done = true;
      return table;
    });
    while (!done) connection_->interrupt();
    const auto table = running.get();
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().code, ErrorCode::kStuck);
    EXPECT_EQ(table.error().message, "interrupted");
  }
}

TEST(Query, AFileThatIsNotThereIsNamed) {
  const auto opened = QueryConnection::open("/nowhere/at/all.db");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("/nowhere/at/all.db"), std::string::npos);
}

}  // namespace
}  // namespace mk
