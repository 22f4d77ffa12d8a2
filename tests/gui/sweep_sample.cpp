#include "tests/gui/sweep_sample.h"

#include "core/check.h"
#include "gui/model/prediction.h"
#include "simulator/point.h"
#include "traces/sweep_file.h"

namespace mk::testing {

void write_sweep_sample(const std::string& path) {
  Result<SweepFile> file = SweepFile::open(path);
  MK_CHECK(file.has_value(), "a sample can be written");
  const auto add = [&](const char* policy, std::uint64_t workers, std::uint64_t schedulers,
                       double iteration_us, const char* refused) {
    SweepRow row;
    row.point = plain_point();
    row.point.model = "qwen3-8b";
    row.point.machine = "h100-sxm";
    row.point.policy = policy;
    row.point.workers = workers;
    row.point.schedulers = schedulers;
    row.result.iteration_us = iteration_us;
    row.result.refused = refused;
    MK_CHECK(file->store(row).has_value(), "a point can be stored");
  };
  add("hybrid", 96, 0, 140, "");
  add("hybrid", 128, 0, 120, "");
  add("hybrid", 128, 16, 100, "");
  add("jit", 128, 16, 90, "");
  add("hybrid", 400, 16, 0, "too many");
  MK_CHECK(file->flush().has_value(), "the sample is on the disk");
}

SweepPoint small_point(std::uint64_t workers) {
  SweepPoint point = gui::first_point();
  point.model = "smollm2-135m";
  point.policy = "static";
  point.workers = workers;
  point.iterations = 1;
  point.context = 16;
  return point;
}

}  // namespace mk::testing
