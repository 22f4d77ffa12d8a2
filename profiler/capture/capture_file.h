// The file that carries what a profiled process did to `megascope profile`, which makes a trace of
// it. It grows while the process runs, so that a crash costs only what was still in CUPTI's hands.
// Private to one build of Megascope: a version at its head keeps strangers apart.
//
//   "MKCAP 1\n", process id (4 bytes), then records: kind (4 bytes), size (4 bytes), contents.
// Kind i is the i-th alternative of Activity, as it lies in memory; kTextKind a text, whose index
// is the number of texts before it; kProgramKind the program's name, kToolKind what captured it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "profiler/capture/capture_log.h"

namespace mk::capture {

inline constexpr std::uint32_t kTextKind = 1000;
inline constexpr std::uint32_t kProgramKind = 1001;
inline constexpr std::uint32_t kToolKind = 1002;

class CaptureFile final : public CaptureSink {
 public:
  static Result<std::unique_ptr<CaptureFile>> create(const std::string& path, std::uint32_t process,
                                                     std::string_view program);
  ~CaptureFile() override;

  void add(const Activity& activity) override;
  void set_tool(std::string_view tool) { put(kToolKind, tool.data(), tool.size()); }

  // Hands everything to the operating system, which keeps it even if the process dies now. A disk
  // that is full costs records, never the program that is profiled; the reader sees the cut.
  void flush() override;

 private:
  explicit CaptureFile(int descriptor) : descriptor_(descriptor) {}
  void add_text(std::string_view text) override { put(kTextKind, text.data(), text.size()); }
  void put(std::uint32_t kind, const void* contents, std::size_t size);

  // No FILE: a child that the program forks would write its copy of the buffer once more.
  int descriptor_;
  std::string buffer_{};
};

// Reads what is whole. A file that ends within a record gives all before it, and a Loss.
// InvalidInput iff it is no capture, or of another version.
Result<CaptureLog> read_capture(const std::string& path);

}  // namespace mk::capture
