// Decoder: greedy decoding as a Program of run_on_threads, every iteration inside one run.
//
// The prompt goes in batch_tokens at a time, then one token an iteration; several requests of the
// graph decode the same prompt side by side, each in its own cache.
//
//   Result<Decoder> decoder = Decoder::make(memory, {.prompt = ids, .generate = 20});
//   Result<RunRecord> record = run_on_threads(graph, *decoder, options);
//   DecodeResult result = decoder->result();
//
// prepare() is called by one thread at a time, between iterations; execute() by all workers.
// Weights depend on no event, so they are asked for ahead: by each body those of the worker's next,
// and by a worker that waits those of what it waits for (bodies/weight_stream.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/iteration_state.h"
#include "core/result.h"
#include "gpu_backend/host/bodies/next_weights.h"
#include "gpu_backend/host/bodies/task_bodies.h"
#include "gpu_backend/host/bodies/weight_stream.h"
#include "gpu_backend/host/decode.h"
#include "gpu_backend/host/model_memory.h"

namespace mk {

// What all devices of a run decoded, as one: each has the logits of its part of the vocabulary, and
// finds the tokens by itself (requests_agree is false where they differ).
DecodeResult join_devices(const std::vector<DecodeResult>& of_device);

class Decoder {
 public:
  // Errors as decode_setup() and TaskBodies::bind(). Clears the part of the cache that it will use.
  // `memory` must outlive the decoder. Of a graph for several devices: what one of them decodes.
  [[nodiscard]] static Result<Decoder> make(const ModelMemory& memory, DecodeOptions options,
                                            std::uint8_t device = 0);

  const DecodePlan& plan() const { return setup_.plan; }

  // The Program.
  void execute(std::uint32_t /*worker*/, std::uint32_t task, std::uint32_t /*iteration*/) const {
    bodies_.execute(TaskId(task));
  }
  // InHand: the tasks that the worker runs next, see protocol/agent.h.
  template <typename InHand>
  void execute(std::uint32_t /*worker*/, std::uint32_t task, std::uint32_t /*iteration*/,
               const InHand& after) const {
    const std::uint32_t next = first_streaming(bodies_, after);
    bodies_.execute(TaskId(task),
                    next == kNoIndex ? nullptr : bodies_.weights_of(TaskId(next)).data());
  }
  template <typename InHand>
  std::uint32_t turn_of_wait(std::uint32_t /*worker*/, const InHand& in_hand) const {
    thread_local WeightStream stream;
    const std::uint32_t task = first_streaming(bodies_, in_hand);
    if (task != kNoIndex) stream.turn(bodies_.weights_of(TaskId(task)));
    return task;
  }
  bool prepare(std::uint32_t iteration, IterationState& state);

  // What has been generated. Requires: no run is going on, and none was broken off.
  DecodeResult result();

 private:
  Decoder(const ModelMemory& memory, DecodeOptions options, DecodeSetup setup, TaskBodies bodies)
      : memory_(&memory),
        options_(std::move(options)),
        setup_(std::move(setup)),
        bodies_(std::move(bodies)) {}

  void harvest();
  void fill_token_ids(const IterationState& state);
  void hand_out_pages(const IterationState& state);

  const ModelMemory* memory_;
  DecodeOptions options_;
  DecodeSetup setup_;
  TaskBodies bodies_;
  std::optional<IterationState> running_{};  // not yet harvested
  DecodeResult result_{};
};

}  // namespace mk
