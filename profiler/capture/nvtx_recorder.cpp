#include "profiler/capture/nvtx_recorder.h"

#include <fmt/format.h>
#include <unistd.h>
#include <ctime>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mk::capture {
namespace {

constexpr Time kFlushEvery = 100'000'000;  // nanoseconds

Time now() {
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<Time>(t.tv_sec) * 1'000'000'000 + static_cast<Time>(t.tv_nsec);
}

std::string payload(const nvtxEventAttributes_t& e) {
  switch (e.payloadType) {
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT64:
      return fmt::format("{}", e.payload.ullValue);
    case NVTX_PAYLOAD_TYPE_INT64:
      return fmt::format("{}", e.payload.llValue);
    case NVTX_PAYLOAD_TYPE_DOUBLE:
      return fmt::format("{}", e.payload.dValue);
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT32:
      return fmt::format("{}", e.payload.uiValue);
    case NVTX_PAYLOAD_TYPE_INT32:
      return fmt::format("{}", e.payload.iValue);
    case NVTX_PAYLOAD_TYPE_FLOAT:
      return fmt::format("{}", e.payload.fValue);
    default:
      return {};
  }
}

std::string narrow(const wchar_t* text) {
  std::string out;
  for (; text != nullptr && *text != 0; ++text) out += *text < 128 ? static_cast<char>(*text) : '?';
  return out;
}

// Handles that NVTX's callers carry around are texts' indexes, plus one: null is no handle.
template <typename Handle>
Handle handle_of(Text text) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(text) + 1);
}
template <typename Handle>
Text text_of(Handle handle) {
  return handle == nullptr ? kNoText
                           : static_cast<Text>(reinterpret_cast<std::uintptr_t>(handle) - 1);
}

class Recorder {
 public:
  explicit Recorder(CaptureSink& sink) : sink_(sink) {}

  Text intern(std::string_view text) {
    const std::lock_guard lock(mutex_);
    return sink_.intern(text);
  }

  std::uint64_t begin(MarkerPhase phase, Text name, Text domain,
                      const nvtxEventAttributes_t* more = nullptr) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = ++last_id_;
    put(phase, id, name, domain);
    if (more == nullptr) return id;
    MarkerData data;
    data.id = id;
    data.category = more->category;
    data.colour = more->colorType == NVTX_COLOR_ARGB ? more->color : 0;
    const std::string value = payload(*more);
    if (!value.empty()) data.payload = sink_.intern(value);
    if (data.category != 0 || data.colour != 0 || data.payload != kNoText) sink_.add(data);
    return id;
  }

  void end(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    put(MarkerPhase::kEnd, id, kNoText, kNoText);
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    sink_.flush();
  }
  void flush_if_free() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) sink_.flush();
  }

 private:
  void put(MarkerPhase phase, std::uint64_t id, Text name, Text domain) {
    const Time time = now();
    sink_.add(Marker{time, id, phase, name, domain, static_cast<std::uint32_t>(::getpid()),
                     static_cast<std::uint32_t>(::gettid()), 0});
    if (time - flushed_ < kFlushEvery) return;
    sink_.flush();
    flushed_ = time;
  }

  std::mutex mutex_{};
  CaptureSink& sink_;
  std::uint64_t last_id_ = 0;
  Time flushed_ = 0;
};

Recorder* the_recorder = nullptr;  // NVTX's callbacks carry no argument

// Open pushed ranges of this thread, by domain.
thread_local std::map<Text, std::vector<std::uint64_t>> pushed;

int push(std::uint64_t id, Text domain) {
  pushed[domain].push_back(id);
  return static_cast<int>(pushed[domain].size()) - 1;
}

int pop(Text domain) {
  auto& ids = pushed[domain];
  if (ids.empty()) return NVTX_NO_PUSH_POP_TRACKING;
  the_recorder->end(ids.back());
  ids.pop_back();
  return static_cast<int>(ids.size());
}

Text name_of(const nvtxEventAttributes_t& e) {
  switch (e.messageType) {
    case NVTX_MESSAGE_TYPE_ASCII:
      return the_recorder->intern(e.message.ascii == nullptr ? "" : e.message.ascii);
    case NVTX_MESSAGE_TYPE_UNICODE:
      return the_recorder->intern(narrow(e.message.unicode));
    case NVTX_MESSAGE_TYPE_REGISTERED:
      return text_of(e.message.registered);
    default:
      return kNoText;
  }
}

std::uint64_t begin(MarkerPhase phase, nvtxDomainHandle_t domain, const nvtxEventAttributes_t* e) {
  return the_recorder->begin(phase, name_of(*e), text_of(domain), e);
}
std::uint64_t begin(MarkerPhase phase, const char* name) {
  return the_recorder->begin(phase, the_recorder->intern(name == nullptr ? "" : name), kNoText);
}

// What NVTX calls instead of nothing, by module and number.
class Table {
 public:
  Table(const NvtxExportTableCallbacks& callbacks, NvtxCallbackModule module) {
    if (callbacks.GetModuleFunctionTable(module, &functions_, &size_) == 0) size_ = 0;
  }
  bool is_there() const { return size_ > 0; }

  template <typename Function>
  void set(unsigned int number, Function function) const {
    if (number < size_) *functions_[number] = reinterpret_cast<NvtxFunctionPointer>(function);
  }

 private:
  NvtxFunctionTable functions_ = nullptr;
  unsigned int size_ = 0;
};

using Attributes = const nvtxEventAttributes_t*;
using Domain = nvtxDomainHandle_t;

void take_core(const Table& table) {
  table.set(
      NVTX_CBID_CORE_MarkEx, +[](Attributes e) { begin(MarkerPhase::kInstant, nullptr, e); });
  table.set(
      NVTX_CBID_CORE_MarkA, +[](const char* m) { begin(MarkerPhase::kInstant, m); });
  table.set(
      NVTX_CBID_CORE_RangeStartEx,
      +[](Attributes e) -> nvtxRangeId_t { return begin(MarkerPhase::kStart, nullptr, e); });
  table.set(
      NVTX_CBID_CORE_RangeStartA,
      +[](const char* m) -> nvtxRangeId_t { return begin(MarkerPhase::kStart, m); });
  table.set(
      NVTX_CBID_CORE_RangeEnd, +[](nvtxRangeId_t id) { the_recorder->end(id); });
  table.set(
      NVTX_CBID_CORE_RangePushEx,
      +[](Attributes e) { return push(begin(MarkerPhase::kStart, nullptr, e), kNoText); });
  table.set(
      NVTX_CBID_CORE_RangePushA,
      +[](const char* m) { return push(begin(MarkerPhase::kStart, m), kNoText); });
  table.set(
      NVTX_CBID_CORE_RangePop, +[] { return pop(kNoText); });
}

void take_domains(const Table& table) {
  table.set(
      NVTX_CBID_CORE2_DomainMarkEx,
      +[](Domain d, Attributes e) { begin(MarkerPhase::kInstant, d, e); });
  table.set(
      NVTX_CBID_CORE2_DomainRangeStartEx,
      +[](Domain d, Attributes e) -> nvtxRangeId_t { return begin(MarkerPhase::kStart, d, e); });
  table.set(
      NVTX_CBID_CORE2_DomainRangeEnd, +[](Domain, nvtxRangeId_t id) { the_recorder->end(id); });
  table.set(
      NVTX_CBID_CORE2_DomainRangePushEx,
      +[](Domain d, Attributes e) { return push(begin(MarkerPhase::kStart, d, e), text_of(d)); });
  table.set(
      NVTX_CBID_CORE2_DomainRangePop, +[](Domain d) { return pop(text_of(d)); });
  table.set(
      NVTX_CBID_CORE2_DomainRegisterStringA, +[](Domain, const char* text) {
        return handle_of<nvtxStringHandle_t>(the_recorder->intern(text == nullptr ? "" : text));
      });
  table.set(
      NVTX_CBID_CORE2_DomainCreateA, +[](const char* name) {
        return handle_of<nvtxDomainHandle_t>(the_recorder->intern(name == nullptr ? "" : name));
      });
}

}  // namespace

bool record_nvtx(NvtxGetExportTableFunc_t tables, CaptureSink& sink) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(tables(NVTX_ETID_CALLBACKS));
  if (callbacks == nullptr || callbacks->struct_size < sizeof *callbacks) return false;
  const Table core(*callbacks, NVTX_CB_MODULE_CORE);
  const Table domains(*callbacks, NVTX_CB_MODULE_CORE2);
  if (!core.is_there() || !domains.is_there()) return false;
  the_recorder = new Recorder(sink);  // never destroyed: other threads may still call
  take_core(core);
  take_domains(domains);
  return true;
}

void flush_nvtx() {
  if (the_recorder != nullptr) the_recorder->flush();
}

void flush_nvtx_from_signal() {
  if (the_recorder != nullptr) the_recorder->flush_if_free();
}

}  // namespace mk::capture
