// ThreadSanitizer as a race checker for fibers: nothing at all where it is not compiled in.
//
// TSan is told that each fiber is a thread, that switches order nothing, and what does: whoever
// acquires an order sees what was done before each release of it. An order is the address of a byte
// that is used for nothing else and not used again: a reused one would order what is not ordered.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
void __tsan_read_range(void* from, std::size_t bytes);
void __tsan_write_range(void* to, std::size_t bytes);
}
#endif

namespace mk::cuda::test {

// Accesses in its scope, by this fiber, are the test's own: not looked at.
class Unchecked {
 public:
#if defined(__SANITIZE_THREAD__)
  Unchecked() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unchecked() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unchecked() {}  // not defaulted: a variable that only lives is not unused then
  ~Unchecked() {}
#endif
  Unchecked(const Unchecked&) = delete;
  Unchecked& operator=(const Unchecked&) = delete;
};

inline void release_order([[maybe_unused]] char* order) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(order);
#endif
}
inline void acquire_order([[maybe_unused]] char* order) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(order);
#endif
}

// The calling fiber writes those bytes.
inline void check_write([[maybe_unused]] void* to, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_THREAD__)
  __tsan_write_range(to, bytes);
#endif
}

// A thread as TSan sees it.
class CheckedThread {
 public:
#if defined(__SANITIZE_THREAD__)
  static CheckedThread make() { return CheckedThread(__tsan_create_fiber(0)); }
  static CheckedThread current() { return CheckedThread(__tsan_get_current_fiber()); }
  CheckedThread() = default;
  void switch_to() const { __tsan_switch_to_fiber(fiber_, __tsan_switch_to_fiber_no_sync); }
  void destroy() const { __tsan_destroy_fiber(fiber_); }

 private:
  explicit CheckedThread(void* fiber) : fiber_(fiber) {}
  void* fiber_ = nullptr;
#else
  static CheckedThread make() { return {}; }
  static CheckedThread current() { return {}; }
  void switch_to() const {}
  void destroy() const {}
#endif
};

struct CheckedCopy {
  void* to = nullptr;
  const void* from = nullptr;
  std::size_t bytes = 0;
};

// A copy has landed: a thread of its own has read and written, after it was issued and before
// `landed`.
inline void check_copy([[maybe_unused]] const CheckedCopy& copy, [[maybe_unused]] char* issued,
                       [[maybe_unused]] char* landed) {
#if defined(__SANITIZE_THREAD__)
  const CheckedThread before = CheckedThread::current();
  const CheckedThread self = CheckedThread::make();
  self.switch_to();
  acquire_order(issued);
  __tsan_read_range(const_cast<void*>(copy.from), copy.bytes);
  __tsan_write_range(copy.to, copy.bytes);
  release_order(landed);
  before.switch_to();
  self.destroy();
#endif
}

}  // namespace mk::cuda::test
