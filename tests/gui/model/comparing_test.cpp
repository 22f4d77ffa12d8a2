#include <gtest/gtest.h>

#include <QFile>

#include "core/machine.h"
#include "gui/model/bookmarks.h"
#include "gui/model/bounds.h"
#include "gui/model/error_table.h"
#include "gui/model/prediction.h"
#include "tests/gui/sample_traces.h"
#include "tests/traces/temporary_folder.h"

namespace mk::gui {
namespace {

TEST(ErrorTable, ByOperatorOverMatchedTasks) {
  const auto session = testing::tiny_session();
  const auto rows = errors_by_operator(*compared(*session, 1));
  ASSERT_EQ(rows.size(), 2U);
  for (const ErrorRow& row : rows) {
    EXPECT_EQ(row.count, 4U);
    EXPECT_DOUBLE_EQ(row.error_p50, 0);
    EXPECT_DOUBLE_EQ(row.later_p50, 20);
    EXPECT_DOUBLE_EQ(row.first, row.second);
  }
}

TEST(ErrorTable, ByCauseSumsToAllTimeOfTheWorkers) {
  const auto session = testing::tiny_session();
  double first = 0;
  double second = 0;
  for (const ErrorRow& row : errors_by_cause(*compared(*session, 1))) {
    first += row.first;
    second += row.second;
  }
  EXPECT_DOUBLE_EQ(first, 2 * 2100);
  EXPECT_DOUBLE_EQ(second, 2 * 2100);
}

TEST(ErrorTable, LinesSayBothMakespans) {
  const auto session = testing::tiny_session();
  const QStringList lines = comparison_lines(*compared(*session, 1));
  ASSERT_FALSE(lines.isEmpty());
  EXPECT_TRUE(lines[0].contains("predicted") && lines[0].contains("measured"));
  EXPECT_TRUE(lines[0].contains("(+0.0"));
}

TEST(Bounds, ReadingTheBytesTakesBytesOverBandwidth) {
  const auto trace = testing::tiny_trace("a");
  EXPECT_EQ(bytes_bound(trace->trace()), std::nullopt);  // carries no machine
  Trace with = trace->trace();
  const Result<Machine> machine = load_machine("h100-sxm");
  ASSERT_TRUE(machine.has_value());
  with.meta["machine"] = machine_to_json(*machine);
  const auto bound = bytes_bound(with);
  ASSERT_TRUE(bound.has_value());
  double bytes = 0;
  for (const IterationRecord& iteration : with.iterations) {
    for (const std::uint32_t c : with.graphs[0].tasks.task_class) {
      const TaskClass& costs = with.graphs[0].classes[c];
      bytes += static_cast<double>(costs.weight_bytes.at(iteration.state) +
                                   costs.kv_bytes.at(iteration.state));
    }
  }
  EXPECT_DOUBLE_EQ(*bound, bytes / machine->bandwidth_at(machine->sms.value));
}

TEST(Bounds, WorkAndChainFollowFromTheTasks) {
  const auto trace = testing::tiny_trace("a");
  const std::vector<RunBound>& bounds = trace->bounds();
  ASSERT_EQ(bounds.size(), 2U);  // it carries no machine
  EXPECT_EQ(bounds[0].name, "work");
  EXPECT_DOUBLE_EQ(bounds[0].length, 2 * (240 + 320 + 450 + 520) / 2.0);
  EXPECT_EQ(bounds[1].name, "chain");
  EXPECT_DOUBLE_EQ(bounds[1].length, 2 * (320 + 520));
  for (const RunBound& bound : bounds)
    EXPECT_LE(bound.length, static_cast<double>(trace->trace().makespan()));
}

TEST(Bounds, NoneExceedsASimulatedMakespan) {
  for (const char* policy : {"static", "hybrid"}) {
    SweepPoint point = first_point();
    point.model = "smollm2-135m";
    point.policy = policy;
    point.workers = 16;
    point.schedulers = 4;
    point.context = 64;
    const auto prediction = predict(point);
    ASSERT_TRUE(prediction.has_value()) << prediction.error().message;
    const Trace& trace = *prediction->trace;
    const auto bounds = lower_bounds(TraceIndex(trace));
    ASSERT_EQ(bounds.size(), 3U);
    for (const RunBound& bound : bounds) {
      EXPECT_GT(bound.length, 0) << bound.name;
      EXPECT_LE(bound.length, static_cast<double>(trace.makespan())) << bound.name;
    }
  }
}

TEST(Bounds, EveryTraceHasItsEndAndItsBounds) {
  const auto session = testing::tiny_session();
  const auto lines = bound_lines(*session);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_DOUBLE_EQ(lines[0].time, 2200);
  EXPECT_DOUBLE_EQ(lines[1].time, 100 + 1530);
  EXPECT_EQ(lines[1].label, "work bound of predicted");
  EXPECT_DOUBLE_EQ(lines[2].time, 100 + 1680);
  for (const MarkLine& line : lines) EXPECT_FALSE(line.is_bookmark);
}

TEST(Bookmarks, AreKeptBesideTheTrace) {
  const testing::TemporaryFolder folder;
  const std::string trace = folder / "a.db";
  EXPECT_TRUE(read_bookmarks(trace)->empty());
  const std::vector<Bookmark> bookmarks{{12.5, "here"}, {900, "µ \"there\""}};
  ASSERT_TRUE(write_bookmarks(trace, bookmarks).has_value());
  EXPECT_EQ(*read_bookmarks(trace), bookmarks);
  ASSERT_TRUE(write_bookmarks(trace, {}).has_value());
  EXPECT_FALSE(QFile::exists(QString::fromStdString(bookmarks_path(trace))));
}

TEST(Bookmarks, AForeignFileIsRefusedByName) {
  const testing::TemporaryFolder folder;
  const std::string trace = folder / "a.db";
  for (const char* text : {"no json", "{}", "[1]", "[{\"time_ns\": \"x\", \"name\": 1}]"}) {
    QFile file(QString::fromStdString(bookmarks_path(trace)));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write(text);
    file.close();
    const auto read = read_bookmarks(trace);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_NE(read.error().message.find("bookmarks.json"), std::string::npos);
  }
}

}  // namespace
}  // namespace mk::gui
