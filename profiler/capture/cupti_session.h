// CuptiSession: CUPTI's activity API, switched on for this process.
//
// CUPTI hands over full buffers on any thread; the session only queues them there, and a thread of
// its own parses them into the sink; ten times a second it asks for what is complete. A kernel that
// still runs keeps its buffer. One session a process: CUPTI's callbacks carry no argument.
//
//   concurrent kernels, copies, memsets, runtime and driver calls, synchronisation, external
//   correlation, overhead, NVTX markers
// A kind that the library refuses (an old driver, no permission) is left out with a Loss, the first
// excepted: without kernels there is no session.
#pragma once

#include <memory>

#include "core/result.h"
#include "profiler/capture/capture_log.h"
#include "profiler/capture/cupti_library.h"

namespace mk::capture {

class CuptiSession {
 public:
  // Requires: before the process's first CUDA call, no other session, and a sink that nobody else
  // uses until stop(). Device iff CUPTI refuses (no driver, another profiler is there).
  static Result<std::unique_ptr<CuptiSession>> start(CuptiLibrary library, CaptureSink& sink);
  ~CuptiSession();

  // For a handler of a fatal signal: waits, a second at most, until the session's own thread has
  // parsed what is complete by now. False iff it did not get there (the crash may hold its locks).
  // Calls nothing that a signal handler may not call.
  bool flush_from_signal();

  // Hands over everything, parses it, counts what CUPTI dropped. Requires: CUDA work that is to be
  // seen has been waited for. Does nothing the second time.
  void stop();

  const CuptiLibrary& library() const;

 private:
  struct State;
  explicit CuptiSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mk::capture
