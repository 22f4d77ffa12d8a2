// What runs on several devices share when they are over: clocks on one axis, and the rows of all
// devices as one.
#pragma once

#include <cstdint>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "gpu_backend/cuda/device_model.h"
#include "gpu_backend/cuda/device_record.h"
#include "gpu_backend/cuda/peer_exchange.h"

namespace mk::cuda {

// Every device's clock against that of device 0, which is the axis: compared before a run and after
// it, by questions and answers between the GPUs.
class PeerClocks {
 public:
  explicit PeerClocks(const std::vector<DeviceModel>& models) : models_(models) {}

  Status take_before() { return take(before_); }
  Status take_after() { return take(after_); }
  // Requires: both were taken.
  DeviceClock of(std::size_t device) const;
  // How well each clock is known, and which GPUs they were.
  void describe(RunRecord& record) const;

 private:
  Status take(std::vector<ClockOffset>& offsets) const;

  const std::vector<DeviceModel>& models_;
  std::vector<ClockOffset> before_{};  // of devices 1, 2, ...
  std::vector<ClockOffset> after_{};
};

// The lanes of all devices, one after the other; iterations from the first start to the last end.
// States and clock pairs are those of device 0.
DeviceRunRows join_rows(std::vector<DeviceRunRows> of_device);

}  // namespace mk::cuda
