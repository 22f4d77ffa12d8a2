#include "profiler/capture/cupti_session.h"

#include <fmt/format.h>
#include <ctime>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/check.h"
#include "profiler/capture/cupti_records.h"

namespace mk::capture {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kFlushEvery{100};

struct KindName {
  CUpti_ActivityKind kind;
  std::string_view name;
};
constexpr std::array kKinds = {
    KindName{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, "kernels"},
    KindName{CUPTI_ACTIVITY_KIND_MEMCPY, "copies"},
    KindName{CUPTI_ACTIVITY_KIND_MEMSET, "memsets"},
    KindName{CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION, "external correlation"},
    KindName{CUPTI_ACTIVITY_KIND_RUNTIME, "runtime calls"},
    KindName{CUPTI_ACTIVITY_KIND_DRIVER, "driver calls"},
    KindName{CUPTI_ACTIVITY_KIND_SYNCHRONIZATION, "synchronisation"},
    KindName{CUPTI_ACTIVITY_KIND_OVERHEAD, "overhead"},
    KindName{CUPTI_ACTIVITY_KIND_MARKER, "NVTX markers"},
    KindName{CUPTI_ACTIVITY_KIND_MARKER_DATA, "NVTX payloads"},
};

struct Buffer {
  std::uint8_t* bytes = nullptr;
  std::size_t valid = 0;
};

// Full buffers on their way from CUPTI's threads to ours, empty ones on their way back.
class BufferQueue {
 public:
  ~BufferQueue() {
    for (std::uint8_t* bytes : empty_) std::free(bytes);
    for (const Buffer& buffer : full_) std::free(buffer.bytes);
  }

  // Null iff there is no memory: CUPTI then drops records and counts them.
  std::uint8_t* take_empty() {
    const std::lock_guard lock(mutex_);
    if (empty_.empty()) return static_cast<std::uint8_t*>(std::aligned_alloc(8, kBufferSize));
    std::uint8_t* bytes = empty_.back();
    empty_.pop_back();
    return bytes;
  }
  void give_empty(std::uint8_t* bytes) {
    const std::lock_guard lock(mutex_);
    empty_.push_back(bytes);
  }

  void put_full(Buffer buffer) {
    const std::lock_guard lock(mutex_);
    full_.push_back(buffer);
    changed_.notify_one();
  }
  // Waits for one; bytes is null where none came in time.
  Buffer take_full(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return !full_.empty() || closed_; });
    if (full_.empty()) return {};
    const Buffer buffer = full_.front();
    full_.pop_front();
    return buffer;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  bool is_closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<Buffer> full_{};
  std::vector<std::uint8_t*> empty_{};
  bool closed_ = false;
};

// CUPTI's callbacks have no argument for it. Null: no session, buffers that still come are freed.
std::atomic<BufferQueue*> the_queue{nullptr};

}  // namespace

struct CuptiSession::State {
  CuptiLibrary library;
  CaptureSink& sink;
  BufferQueue queue{};
  std::thread parser{};
  bool stopped = false;
  std::atomic<std::uint64_t> flushes_wanted{0};
  std::atomic<std::uint64_t> flushes_done{0};

  static void CUPTIAPI on_request(std::uint8_t** bytes, std::size_t* size, std::size_t* records) {
    BufferQueue* queue = the_queue;
    *bytes = queue == nullptr ? nullptr : queue->take_empty();
    *size = *bytes == nullptr ? 0 : kBufferSize;
    *records = 0;  // as many as fit
  }

  static void CUPTIAPI on_complete(CUcontext, std::uint32_t, std::uint8_t* bytes, std::size_t,
                                   std::size_t valid) {
    BufferQueue* queue = the_queue;
    if (queue != nullptr) return queue->put_full({bytes, valid});
    std::free(bytes);
  }

  Status enable() {
    Status status = library.check(
        library.cuptiActivityRegisterCallbacks(&State::on_request, &State::on_complete),
        "registering callbacks");
    if (!status) return status;
    // System thread ids, so that rows can be named as other tools name threads.
    if (library.cuptiSetThreadIdType != nullptr)
      library.cuptiSetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM);
    for (const auto& [kind, name] : kKinds) {
      status = library.check(library.cuptiActivityEnable(kind), fmt::format("{}", name).c_str());
      if (status) continue;
      if (kind == kKinds.front().kind) return status;
      sink.add(Loss{1, sink.intern("not_recorded"), sink.intern(status.error().message)});
    }
    return {};
  }

  // CUPTI's own periodic flush hands over full buffers only; this one all whose records are
  // complete, so that a crash costs no more than the last moments.
  void parse() {
    while (true) {
      const Buffer buffer = queue.take_full(kFlushEvery);
      if (buffer.bytes != nullptr) {
        parse(buffer);
      } else if (queue.is_closed()) {
        return;
      } else {
        flush_and_parse();
      }
    }
  }

  void flush_and_parse() {
    const std::uint64_t wanted = flushes_wanted;
    library.cuptiActivityFlushAll(0);
    for (Buffer buffer = queue.take_full({}); buffer.bytes != nullptr; buffer = queue.take_full({}))
      parse(buffer);
    flushes_done = wanted;
  }

  void parse(const Buffer& buffer) {
    parse_records(library, buffer.bytes, buffer.valid, sink);
    sink.flush();
    count_dropped();
    queue.give_empty(buffer.bytes);
  }

  void count_dropped() {
    std::size_t dropped = 0;  // since the last call
    if (library.cuptiActivityGetNumDroppedRecords(nullptr, 0, &dropped) != CUPTI_SUCCESS) return;
    if (dropped == 0) return;
    sink.add(Loss{dropped, sink.intern("records_dropped"),
                  sink.intern("CUPTI had no buffer for records, and dropped them")});
  }
};

Result<std::unique_ptr<CuptiSession>> CuptiSession::start(CuptiLibrary library, CaptureSink& sink) {
  std::unique_ptr<State> state(new State{std::move(library), sink});
  BufferQueue* nobody = nullptr;
  MK_CHECK(the_queue.compare_exchange_strong(nobody, &state->queue), "one session at a time");
  if (Status status = state->enable(); !status) {
    the_queue = nullptr;
    return tl::unexpected(status.error());
  }
  state->parser = std::thread([s = state.get()] { s->parse(); });
  return std::unique_ptr<CuptiSession>(new CuptiSession(std::move(state)));
}

bool CuptiSession::flush_from_signal() {
  const std::uint64_t mine = ++state_->flushes_wanted;
  constexpr int kTurns = 200;
  for (int i = 0; i < kTurns && state_->flushes_done < mine; ++i) {
    const timespec five_milliseconds{0, 5'000'000};
    ::nanosleep(&five_milliseconds, nullptr);
  }
  return state_->flushes_done >= mine;
}

void CuptiSession::stop() {
  if (std::exchange(state_->stopped, true)) return;
  CuptiLibrary& library = state_->library;
  library.cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  for (const auto& [kind, name] : kKinds) library.cuptiActivityDisable(kind);
  the_queue = nullptr;
  state_->queue.close();
  state_->parser.join();
  state_->count_dropped();
  state_->sink.flush();
}

const CuptiLibrary& CuptiSession::library() const { return state_->library; }

CuptiSession::CuptiSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
CuptiSession::~CuptiSession() { stop(); }

}  // namespace mk::capture
