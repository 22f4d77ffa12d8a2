// megascope_gpu_check: correctness first, then times, on a machine with a GPU.
//
//   megascope_gpu_check [--out FOLDER] [--limit SECONDS] [--only correctness|timing|speed]
//                       [--models NAME,NAME] [--batches N,N] [--case PART] [--slow-down N]
//                       [--cells FILE]
//
// --only speed: each policy at its best split, baselines, cuBLAS; --batches is of it. Without
// --only: correctness and timing. FOLDER/gpu_check.json is written after each model.
// --cells: instead of all that, the cells of a blind test (cells.h), into FOLDER/measured.json.
// --case: only the correctness cases whose name contains PART, and no planted hang (for
// compute-sanitizer). --slow-down: limits N times as long, short decodes on few workers (for its
// racecheck).
//
// Exit status 0: all checks passed; 1: one failed; 2: wrong usage; 3: the GPU was lost or the time
// was up.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include "gpu_backend/cuda/check/cells.h"
#include "gpu_backend/cuda/check/correctness.h"
#include "gpu_backend/cuda/check/report.h"
#include "gpu_backend/cuda/check/speed.h"
#include "gpu_backend/cuda/check/timing.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/device_state.h"

namespace mk::cuda::check {
namespace {

struct Arguments {
  std::string folder = ".";
  double limit_seconds = 240;
  std::string only{};
  CorrectnessOptions correctness{};
  std::vector<std::string> models{"qwen3-0.6b", "llama-3.2-1b"};
  std::vector<std::uint32_t> batches{1};
  std::string cells{};
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--out") {
      arguments.folder = value;
    } else if (flag == "--limit") {
      arguments.limit_seconds = std::strtod(value.c_str(), nullptr);
    } else if (flag == "--only" &&
               (value == "correctness" || value == "timing" || value == "speed")) {
      arguments.only = value;
    } else if (flag == "--cells") {
      arguments.cells = value;
    } else if (flag == "--case") {
      arguments.correctness.part_of_name = value;
    } else if (flag == "--slow-down") {
      arguments.correctness.slow_down = std::strtod(value.c_str(), nullptr);
    } else if (flag == "--batches") {
      arguments.batches.clear();
      for (const std::string& batch : split(value)) {
        arguments.batches.push_back(
            static_cast<std::uint32_t>(std::strtoul(batch.c_str(), nullptr, 10)));
      }
    } else if (flag == "--models") {
      arguments.models = split(value);
    } else {
      return fail(ErrorCode::kUsage, fmt::format("what is {} {}?", flag, value));
    }
  }
  if (argc % 2 == 0 || arguments.limit_seconds <= 0 || arguments.correctness.slow_down < 1) {
    return fail(ErrorCode::kUsage,
                "usage: megascope_gpu_check [--out FOLDER] [--limit SECONDS] "
                "[--only correctness|timing|speed] [--models NAME,NAME] [--batches N,N] "
                "[--case PART] [--slow-down N] [--cells FILE]");
  }
  return arguments;
}

// Ends the process when the time is up, whatever it waits for.
class Watchdog {
 public:
  explicit Watchdog(double seconds)
      : thread_([this, seconds] {
          std::unique_lock lock(mutex_);
          const auto limit = std::chrono::duration<double>(seconds);
          if (ended_.wait_for(lock, limit, [this] { return is_over_; })) return;
          std::cout << "the time of " << seconds << " s is up" << std::endl;
          std::_Exit(3);
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_{};
  std::condition_variable ended_{};
  bool is_over_ = false;
  std::thread thread_;
};

void describe(const Device& device, Report& report) {
  report.line(
      "{}: compute capability {}.{}, {} SMs, {:.0f} KiB shared memory a block, {:.1f} of "
      "{:.1f} GB free, driver for CUDA {}, built with {}",
      device.name, device.compute_major, device.compute_minor, device.sms,
      static_cast<double>(device.shared_bytes_per_block) / 1024,
      static_cast<double>(device.free_bytes) * 1e-9,
      static_cast<double>(device.memory_bytes) * 1e-9, device.driver_version,
      device.runtime_version);
  report.set("device", {{"name", device.name}, {"sms", device.sms}});
}

void write(const Arguments& arguments, const Report& report) {
  std::ofstream(arguments.folder + "/gpu_check.json") << report.text() << '\n';
}

void measure(const Device& device, const Arguments& arguments, Report& report) {
  const Result<double> bandwidth = streaming_bandwidth(device, std::size_t{4} << 30, 5);
  if (!bandwidth) return report.verdict(false, bandwidth.error().message);
  report.line("streaming: {:.0f} GB/s", *bandwidth * 1e-9);
  report.set("streaming_bytes_per_second", *bandwidth);
  for (const std::string& model : arguments.models) {
    if (arguments.only == "speed") {
      compare_speed(device, model, arguments.batches, *bandwidth, report);
    } else {
      time_model(device, model, *bandwidth, arguments.folder, report);
    }
    const DeviceState state = read_device_state(device.pci_address);
    std::map<std::string, std::string> meta;
    add_device_state(state, state, meta);
    report.line("after {}: {} MHz, {} C, throttling: {}", model, meta["sm_clock_mhz"],
                meta["temperature_c"], meta["throttling"]);
    report.add("device_state", meta);
    write(arguments, report);
  }
}

int run(const Arguments& arguments) {
  Result<Device> device = Device::open();
  if (!device) {
    std::cerr << "megascope_gpu_check: " << device.error().message << '\n';
    return 1;
  }
  const Watchdog watchdog(arguments.limit_seconds);
  Report report;
  describe(*device, report);
  if (!arguments.cells.empty()) {
    measure_cells(*device, arguments.cells, arguments.folder + "/measured.json", report);
    return report.failed() == 0 ? 0 : 1;
  }
  if (arguments.only.empty() || arguments.only == "correctness") {
    check_correctness(*device, arguments.correctness, report);
    if (arguments.correctness.part_of_name.empty()) {
      check_many_launches(*device, report);
      check_stuck_run(*device, report);
    }
  }
  if (arguments.only != "correctness") measure(*device, arguments, report);
  write(arguments, report);
  report.line("{} checks passed, {} failed", report.passed(), report.failed());
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mk::cuda::check

int main(int argc, char** argv) {
  const auto arguments = mk::cuda::check::parse(argc, argv);
  if (!arguments) {
    std::cerr << arguments.error().message << '\n';
    return 2;
  }
  try {
    return mk::cuda::check::run(*arguments);
  } catch (const std::exception& error) {  // the one catch: libraries may throw
    std::cerr << "megascope_gpu_check: " << error.what() << '\n';
    return 1;
  }
}
