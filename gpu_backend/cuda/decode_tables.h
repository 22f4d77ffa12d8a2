// The host's side of DecodeState: made from the plan, read back after the run.
#pragma once

#include <cstdint>
#include <vector>

#include "core/iteration_state.h"
#include "core/result.h"
#include "gpu_backend/cuda/decode_state.h"
#include "gpu_backend/cuda/device_image.h"
#include "gpu_backend/cuda/device_model.h"
#include "gpu_backend/host/decode.h"

namespace mk::cuda {

class DecodeTables {
 public:
  // Errors as decode_setup(). Of a graph for several devices: what one of them decodes.
  [[nodiscard]] static Result<DecodeTables> make(const TaskGraph& graph,
                                                 const DecodeOptions& options,
                                                 std::uint8_t device = 0);

  std::uint32_t iterations() const { return static_cast<std::uint32_t>(steps_.size()); }
  std::vector<IterationState> states() const { return states_; }

  // The state on the device; its tables go into the image. Logits are kept iff the options asked.
  DecodeState place(DeviceImage& image, const DeviceModel& model) const;
  // The tokens and pages that iteration 0 reads.
  Status write_first_input(DeviceModel& model) const;

  // What was generated, by all requests alike unless there is a bug.
  // `image` holds what the run left of the image whose tables place() made.
  DecodeResult read(const DecodeState& state, const std::byte* base,
                    std::span<const std::byte> image) const;

 private:
  DecodeSetup setup_{};
  std::vector<StepRow> steps_{};
  std::vector<IterationState> states_{};
  std::vector<std::int32_t> prompt_{};
  std::vector<std::uint32_t> end_of_sequence_{};
  bool keeps_logits_ = false;
};

}  // namespace mk::cuda
