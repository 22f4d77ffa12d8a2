// Writes what fuzzing starts from: write_seeds CORPUS makes
// CORPUS/{trace,nsight,chrome,capture,raw}/seed*.
#include <sqlite3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/check.h"
#include "profiler/capture/capture_file.h"
#include "tests/gpu_backend/host/raw_sample.h"
#include "tests/profiler/capture/launch_log.h"
#include "tests/traces/tiny_run.h"
#include "traces/export.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

void change(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  MK_CHECK(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "the seed can be opened");
  MK_CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
           "the SQL is right");
  sqlite3_close(db);
}

// Small pages: a mutation then more often hits something that matters.
constexpr const char* kSmallPages = "PRAGMA page_size=512; VACUUM;";

void write_trace_seed(const std::string& path) {
  const Status status =
      write_trace(testing::two_iteration_run(), path, {.intervals = true, .indexes = false});
  MK_CHECK(status.has_value(), "the seed can be written");
  change(path, kSmallPages);
}

void write_nsight_seed(const std::string& path) {
  std::filesystem::remove(path);
  change(path,
         "PRAGMA page_size=512;"
         "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);"
         "INSERT INTO StringIds VALUES(1,'gemm'),(2,'cudaLaunchKernel'),(3,'decode');"
         "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end, deviceId, contextId, streamId,"
         " correlationId, globalPid, demangledName, gridX, gridY, gridZ);"
         "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(500,900,0,1,7,42,16<<24,1,132,1,1);"
         "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start, end, globalTid, correlationId, nameId);"
         "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(100,200,(16<<24)+33,42,2);"
         "CREATE TABLE NVTX_EVENTS(start, end, eventType, text, textId, domainId, globalTid);"
         "INSERT INTO NVTX_EVENTS VALUES(0,NULL,75,'model',NULL,3,0),(9,99,59,NULL,3,3,33);"
         "CREATE TABLE GPU_METRICS(timestamp, typeId, metricId, value);"
         "INSERT INTO GPU_METRICS VALUES(10,1,2,55.5);"
         "CREATE TABLE SCHED_EVENTS(start, cpu); INSERT INTO SCHED_EVENTS VALUES(1,0);");
}

void write_chrome_seeds(const std::string& folder) {
  const auto counts = export_chrome(make_trace(testing::two_iteration_run()), folder + "/seed1");
  MK_CHECK(counts.has_value(), "the seed can be written");
  std::ofstream(folder + "/seed2") << R"([{"ph":"B","pid":1,"tid":1,"name":"a","ts":0},
{"ph":"E","pid":1,"tid":1,"ts":5.25},{"ph":"b","cat":"c","id":"1","pid":1,"name":"r","ts":-1e1},
{"ph":"e","cat":"c","id":"1","pid":1,"name":"r","ts":3},{"ph":"i","pid":1,"tid":"x","ts":4,"name":"m"},
{"ph":"C","pid":1,"name":"n","ts":1,"args":{"value":1.5}},{"ph":"s","id":1,"pid":1,"tid":1,"ts":1},
{"ph":"f","bp":"e","id":1,"pid":1,"tid":1,"ts":2,"args":{"a":{"b":[1]}}})";
}

void write_capture_seed(const std::string& path) {
  const capture::CaptureLog log = testing::one_launch();
  auto file = capture::CaptureFile::create(path, log.process, log.program);
  MK_CHECK(file.has_value(), "the seed can be written");
  for (const std::string& text : log.texts) (*file)->intern(text);
  for (const capture::Activity& activity : log.activities) (*file)->add(activity);
}

void write_raw_seed(const std::string& path) {
  const Status status = write_raw_run(testing::raw_sample(), path);
  MK_CHECK(status.has_value(), "the seed can be written");
}

}  // namespace
}  // namespace mk

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_seeds CORPUS\n", stderr);
    return 2;
  }
  const std::string corpus = argv[1];
  for (const char* target : {"trace", "nsight", "chrome", "capture", "raw"})
    std::filesystem::create_directories(corpus + "/" + target);
  mk::write_trace_seed(corpus + "/trace/seed1");
  mk::write_nsight_seed(corpus + "/nsight/seed1");
  mk::write_chrome_seeds(corpus + "/chrome");
  mk::write_capture_seed(corpus + "/capture/seed1");
  mk::write_raw_seed(corpus + "/raw/seed1");
  return 0;
}
