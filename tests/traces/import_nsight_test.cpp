#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "tests/traces/trace_text.h"
#include "traces/import.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using testing::flow_lines;
using ::testing::HasSubstr;
using testing::health_lines;
using ::testing::IsEmpty;
using testing::slice_lines;
using ::testing::UnorderedElementsAre;

// Process 16 and its thread 33 as Nsight packs them.
constexpr const char* kNames =
    "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT NOT NULL);"
    "INSERT INTO StringIds VALUES(1,'gemm'),(2,'cudaLaunchKernel'),(3,'decode'),(4,'main');";

class ImportNsight : public ::testing::Test {
 protected:
  void run(const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  const testing::TemporaryFolder folder_{};
  const std::string path_ = folder_ / "report.sqlite";
};

TEST_F(ImportNsight, JoinsACallAndTheKernelThatItLaunched) {
  run(kNames);
  run("CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER, end INTEGER, deviceId INTEGER,"
      " contextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER,"
      " demangledName INTEGER, gridX INTEGER, gridY INTEGER, gridZ INTEGER);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(500,900,0,1,7,42,16<<24,1,132,1,1);"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER, end INTEGER, globalTid INTEGER,"
      " correlationId INTEGER, nameId INTEGER, returnValue INTEGER);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(100,200,(16<<24)+33,42,2,0),"
      " (300,400,(17<<24)+33,42,2,1);"
      "CREATE TABLE ThreadNames(nameId INTEGER, priority INTEGER, globalTid INTEGER);"
      "INSERT INTO ThreadNames VALUES(4,0,(16<<24)+33);");

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_THAT(slice_lines(got->trace),
              ElementsAre("gpu0 context 1 stream 7 | gemm | 500 | 900 | grid=132x1x1",
                          "process 16 thread 33 (main) CUDA | cudaLaunchKernel | 100 | 200",
                          "process 17 thread 33 CUDA | cudaLaunchKernel | 300 | 400 | result=1"));
  EXPECT_THAT(flow_lines(got->trace), ElementsAre("cudaLaunchKernel -> gemm"));
  EXPECT_EQ(got->counts.flows, 1U);
}

// Other versions: fewer columns, more columns, in another order.
TEST_F(ImportNsight, ReadsColumnsByName) {
  run(kNames);
  run("CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(shortName INTEGER, newThing TEXT, end INTEGER,"
      " start INTEGER);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(1,'?',900,500),(99,'?',990,950);"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY(start INTEGER);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES(5);");

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(slice_lines(got->trace),
              ElementsAre("gpu0 context 0 stream 0 | gemm | 500 | 900",
                          "gpu0 context 0 stream 0 | name 99 | 950 | 990"));
  EXPECT_THAT(health_lines(got->trace), UnorderedElementsAre("unknown_name 1", "not_imported 1"));
}

TEST_F(ImportNsight, TakesRangesWithDomainsAndPayloads) {
  run(kNames);
  run("CREATE TABLE NVTX_EVENTS(start INTEGER, end INTEGER, eventType INTEGER, text TEXT,"
      " textId INTEGER, domainId INTEGER, globalTid INTEGER, int64Value INTEGER);"
      "INSERT INTO NVTX_EVENTS VALUES(0,NULL,75,'model',NULL,3,0,NULL),"
      " (100,400,59,NULL,3,3,33,-5),(200,NULL,34,'mark',NULL,0,33,NULL),"
      " (300,NULL,60,'open',NULL,0,33,NULL);");

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(slice_lines(got->trace),
              ElementsAre("process 0 thread 33 NVTX model | decode | 100 | 400 | payload=-5",
                          "process 0 thread 33 NVTX | mark | 200 | 200",
                          "process 0 thread 33 NVTX | open | 300 | 300"));
  EXPECT_THAT(health_lines(got->trace), ElementsAre("range_never_ended 1"));
}

TEST_F(ImportNsight, TakesMetricsAndCountsOtherTables) {
  run(kNames);
  run("CREATE TABLE GPU_METRICS(timestamp INTEGER, typeId INTEGER, metricId INTEGER, value REAL);"
      "INSERT INTO GPU_METRICS VALUES(10,1,2,55.5);"
      "CREATE TABLE TARGET_INFO_GPU_METRICS(typeId INTEGER, metricId INTEGER, metricName TEXT);"
      "INSERT INTO TARGET_INFO_GPU_METRICS VALUES(1,2,'DRAM Read Bandwidth %');"
      "CREATE TABLE SCHED_EVENTS(start INTEGER, cpu INTEGER);"
      "INSERT INTO SCHED_EVENTS VALUES(1,0),(2,1);");

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value());
  ASSERT_EQ(got->trace.counters.size(), 1U);
  EXPECT_EQ(got->trace.strings[got->trace.counters[0].track], "gpu1 DRAM Read Bandwidth %");
  EXPECT_EQ(got->counts.left_out, 2U);
  EXPECT_THAT(health_lines(got->trace), ElementsAre("not_imported 2"));
}

TEST_F(ImportNsight, RefusesOtherDatabases) {
  ASSERT_TRUE(write_trace(testing::two_iteration_run(), path_).has_value());

  const Result<Imported> got = import_trace(path_);

  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().message, HasSubstr("no export of Nsight Systems"));
}

TEST_F(ImportNsight, OfAnEmptyExportIsAnEmptyTrace) {
  run(kNames);

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(slice_lines(got->trace), IsEmpty());
}

}  // namespace
}  // namespace mk
