#include "profiler/capture/self_capture.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "profiler/capture/cupti_session.h"
#include "profiler/capture/pm_sampling.h"

namespace mk::capture {
namespace {

// CUPTI has room for one profiler a process, and says so only once records are missing.
Status check_alone() {
  for (const char* variable : {"CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH"}) {
    const char* tool = std::getenv(variable);
    if (tool == nullptr || *tool == 0) continue;
    return fail(ErrorCode::kUnsupported,
                fmt::format("another tool records this process ({}={})", variable, tool));
  }
  return {};
}

}  // namespace

struct SelfCapture::State {
  CaptureLog log{};
  std::optional<CuptiLibrary> library{};
  std::unique_ptr<CuptiSession> session{};
  std::unique_ptr<PmSampling> sampling{};
  CaptureLog sampled{};  // apart, as the session's thread writes to `log`

  Status start() {
    if (Status ok = check_alone(); !ok) return ok;
    Result<CuptiLibrary> found = CuptiLibrary::load();
    if (!found) return tl::unexpected(found.error());
    library = std::move(*found);
    Result<std::unique_ptr<CuptiSession>> started = CuptiSession::start(*library, log);
    if (!started) return tl::unexpected(started.error());
    session = std::move(*started);
    // NVTX, at its first call, loads this library and hands its calls to it.
    ::setenv("NVTX_INJECTION64_PATH", library->path.c_str(), 1);
    return {};
  }

  static void add_loss(CaptureLog& to, const std::string& message) {
    to.add(Loss{1, to.intern("not_recorded"), to.intern(message)});
  }
};

std::unique_ptr<SelfCapture> SelfCapture::start() {
  std::unique_ptr<State> state(new State{});
  state->log.process = static_cast<std::uint32_t>(::getpid());
  if (const Status ok = state->start(); !ok) {
    State::add_loss(state->log, ok.error().message);
  } else {
    state->log.tool = fmt::format("CUPTI {}", state->library->version);
  }
  return std::unique_ptr<SelfCapture>(new SelfCapture(std::move(state)));
}

void SelfCapture::sample_counters(std::size_t device, std::uint64_t interval_ns) {
  if (!state_->session) return;  // there is a Loss already
  Result<std::unique_ptr<PmSampling>> started =
      PmSampling::start(*state_->library, {device, interval_ns});
  if (started) {
    state_->sampling = std::move(*started);
  } else {
    State::add_loss(state_->sampled, started.error().message);
  }
}

void SelfCapture::end_sampling() {
  if (!state_->sampling) return;
  add_samples(state_->sampling->stop(), state_->sampled);
  state_->sampling.reset();
}

CaptureLog SelfCapture::stop() {
  end_sampling();
  if (state_->session) state_->session->stop();
  CaptureLog all = std::move(state_->log);
  const CaptureLog& more = state_->sampled;
  for (Activity activity : more.activities) {
    if (auto* c = std::get_if<Counter>(&activity)) c->track = all.intern(more.text(c->track));
    if (auto* l = std::get_if<Loss>(&activity)) {
      l->kind = all.intern(more.text(l->kind));
      l->message = all.intern(more.text(l->message));
    }
    all.add(activity);
  }
  state_ = std::make_unique<State>();
  return all;
}

SelfCapture::SelfCapture(std::unique_ptr<State> state) : state_(std::move(state)) {}
SelfCapture::~SelfCapture() = default;

}  // namespace mk::capture
