#include "gpu_backend/cuda/run_on_stream.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/device_run.h"

namespace mk::cuda {
namespace {

constexpr double kGraceSeconds = 5;

// True iff the stream ended within the time.
Result<bool> poll(cudaStream_t stream, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < until) {
    const cudaError_t code = cudaStreamQuery(stream);
    if (code == cudaSuccess) return true;
    if (code != cudaErrorNotReady) return tl::unexpected(checked(code, "the run").error());
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return false;
}

}  // namespace

Result<RunStream> RunStream::make() {
  RunStream stream;
  Status ok =
      checked(cudaStreamCreateWithFlags(&stream.stream_, cudaStreamNonBlocking), "a stream");
  if (ok) ok = checked(cudaEventCreate(&stream.start_), "an event");
  if (ok) ok = checked(cudaEventCreate(&stream.end_), "an event");
  if (!ok) return tl::unexpected(ok.error());
  return stream;
}

RunStream::RunStream(RunStream&& other) noexcept
    : stream_(std::exchange(other.stream_, nullptr)),
      start_(std::exchange(other.start_, nullptr)),
      end_(std::exchange(other.end_, nullptr)) {}

RunStream::~RunStream() {
  if (end_ != nullptr) static_cast<void>(cudaEventDestroy(end_));
  if (start_ != nullptr) static_cast<void>(cudaEventDestroy(start_));
  if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
}

Status RunStream::mark_start() { return checked(cudaEventRecord(start_, stream_), "an event"); }
Status RunStream::mark_end() { return checked(cudaEventRecord(end_, stream_), "an event"); }

Status RunStream::await(double limit_seconds, const std::function<void()>& stop) {
  Result<bool> ended = poll(stream_, limit_seconds);
  if (ended && !*ended && stop) {
    stop();
    ended = poll(stream_, kGraceSeconds);
  }
  if (!ended) return tl::unexpected(ended.error());
  if (*ended) return {};
  give_up_device();
  return fail(ErrorCode::kStuck,
              fmt::format("{}: the run did not end within {:g} s", kDeviceLost, limit_seconds));
}

StreamGraph::StreamGraph(StreamGraph&& other) noexcept
    : captured_(std::exchange(other.captured_, nullptr)),
      executable_(std::exchange(other.executable_, nullptr)) {}

StreamGraph::~StreamGraph() {
  if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
  if (captured_ != nullptr) static_cast<void>(cudaGraphDestroy(captured_));
}

Status StreamGraph::begin(cudaStream_t stream) {
  return checked(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                 "capturing a graph");
}

// Other streams of this thread may still be captured: what makes a graph is none of their work.
Status StreamGraph::end(cudaStream_t stream) {
  Status ok = checked(cudaStreamEndCapture(stream, &captured_), "capturing a graph");
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode));
  if (ok) ok = checked(cudaGraphInstantiate(&executable_, captured_, 0), "making a graph");
  if (ok) ok = checked(cudaGraphUpload(executable_, stream), "uploading a graph");
  static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode));
  return ok;
}

Status StreamGraph::launch(cudaStream_t stream) const {
  return checked(cudaGraphLaunch(executable_, stream), "a graph launch");
}

double RunStream::elapsed_ms() const {
  float ms = 0;
  static_cast<void>(cudaEventElapsedTime(&ms, start_, end_));
  return static_cast<double>(ms);
}

}  // namespace mk::cuda
