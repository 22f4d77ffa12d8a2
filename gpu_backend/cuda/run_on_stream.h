// What the two kinds of run share: a stream, its end within a limit, and the clock of kernels.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <span>

#include "core/result.h"

namespace mk::cuda {

// A stream of its own with two events.
class RunStream {
 public:
  [[nodiscard]] static Result<RunStream> make();
  RunStream(RunStream&& other) noexcept;
  RunStream& operator=(RunStream&&) = delete;
  ~RunStream();

  cudaStream_t get() const { return stream_; }
  Status mark_start();
  Status mark_end();
  // Waits for all work of the stream. After `limit_seconds` calls `stop` (once, may be empty), and
  // kStuck with kDeviceLost if that does not end it within some seconds.
  Status await(double limit_seconds, const std::function<void()>& stop);
  // Milliseconds between the marks. Requires: await() was ok.
  double elapsed_ms() const;

 private:
  RunStream() = default;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

// What a stream was given between begin() and end(), to be launched again and again.
class StreamGraph {
 public:
  StreamGraph() = default;
  StreamGraph(StreamGraph&& other) noexcept;
  StreamGraph& operator=(StreamGraph&&) = delete;
  ~StreamGraph();

  static Status begin(cudaStream_t stream);
  // Also where the calls between failed: the stream must leave its capture.
  Status end(cudaStream_t stream);
  Status launch(cudaStream_t stream) const;

 private:
  cudaGraph_t captured_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace mk::cuda
