// MegakernelLaunch: one device's part of a run of the persistent kernel: its tables, its launch,
// and what it left. A run on one device has one of them, a run on several one a device, all between
// the same steps:
//
//   prepare()      tables in device memory, the kernel loaded
//   connect()      several devices only: the peers' addresses
//   start()        launches, returns at once; nothing that waits for a device may come between the
//                  first start() and the last await()
//   await()        until the kernel has ended, or was asked to and did not
//   read_back()    then outcome(), decoded(), take_rows()
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/result.h"
#include "gpu_backend/cuda/clock_pairs.h"
#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_launch.h"
#include "gpu_backend/cuda/device_record.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/peer_exchange.h"
#include "gpu_backend/cuda/run_on_stream.h"
#include "gpu_backend/cuda/run_tables.h"

namespace mk::cuda {

// A word of the host that the device reads.
class StopRequest {
 public:
  [[nodiscard]] static Result<StopRequest> make();
  void stop();
  const std::uint32_t* on_device() const;

 private:
  struct Free {
    void operator()(std::uint32_t* word) const;
  };
  std::unique_ptr<std::uint32_t, Free> word_{};
};

class MegakernelLaunch {
 public:
  // Requires: check_run(), check_window(). All three outlive it.
  MegakernelLaunch(DeviceModel& model, const DeviceRunOptions& options, const DecodeTables& decode);

  Status prepare();
  // Requires: prepare() of all; `all` by device of the graph.
  Status connect(std::span<const std::unique_ptr<MegakernelLaunch>> all);
  Status take_clock_before();
  Status start();
  Status await();
  void stop() { stop_->stop(); }  // asks the kernel to end
  Status take_clock_after();
  Status read_back() { return tables_.read_back(); }

  Status outcome() const { return launch_.outcome(args_.launch, tables_.base(), tables_.left()); }
  DecodeResult decoded() const {
    return decode_.read(args_.decode, tables_.base(), tables_.left());
  }
  double kernel_ms() const { return stream_->elapsed_ms(); }
  const RunStream& stream() const { return *stream_; }
  const DeviceModel& model() const { return model_; }
  // The lanes' rows and iterations, on the clock's axis; losses and clock pairs. Once.
  DeviceRunRows take_rows(const DeviceClock& clock = {});

 private:
  std::uint32_t lanes() const { return options_.run.roles.workers + options_.run.roles.schedulers; }
  bool has_peers() const { return graph_.info().devices > 1; }
  std::uint32_t iterations_recorded() const;
  struct RowCapacities;
  std::uint32_t rows(std::uint64_t all, std::uint64_t of, std::uint32_t lanes) const;
  RowCapacities of_worker() const;
  RowCapacities of_scheduler_lane(std::uint32_t scheduler, std::uint32_t lane) const;
  void place(DeviceImage& image);
  void place_rows(DeviceImage& image);
  Status load_kernel();
  std::span<const DeviceLaneRows> sets_of(std::uint32_t lane) const;
  template <class Row>
  void take(std::span<const DeviceLaneRows> sets, DeviceRows<Row> DeviceLaneRows::*rows,
            protocol::Item Row::*item, const DeviceClock& clock, BoundedBuffer<Row>& to) const;
  void take_lane(std::uint32_t lane, const DeviceClock& clock);
  void take_loss(std::uint32_t lane);

  DeviceModel& model_;
  const DeviceRunOptions& options_;
  const DecodeTables& decode_;
  const TaskGraph& graph_;
  DeviceLaunch launch_;
  std::unique_ptr<StopRequest> stop_{};
  std::unique_ptr<RunStream> stream_{};
  RunTables tables_{};
  PeerMegakernelArgs args_{};  // the kernel for one device takes its MegakernelArgs
  DevicePeerCells cells_{};
  PeerTables peer_tables_{};
  const void* kernel_ = nullptr;
  std::size_t shared_bytes_ = 0;
  DeviceRunRows rows_{};
};

}  // namespace mk::cuda
