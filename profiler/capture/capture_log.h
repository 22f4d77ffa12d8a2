// CaptureLog: what was captured of one process, in memory. CaptureSink: where records go as they
// are parsed, be it a log or a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "profiler/capture/activity.h"

namespace mk::capture {

class CaptureSink {
 public:
  virtual ~CaptureSink() = default;

  // The text's index; equal texts, equal indexes. Copies it: CUPTI's strings die with its buffers.
  Text intern(std::string_view text);

  virtual void add(const Activity& activity) = 0;

  // What was added outlives the process, if the sink keeps it anywhere that does.
  virtual void flush() {}

 private:
  // Called once for each new text, in the order of their indexes.
  virtual void add_text(std::string_view text) = 0;

  std::unordered_map<std::string, Text> texts_{};
};

struct CaptureLog final : CaptureSink {
  std::vector<std::string> texts{};
  std::vector<Activity> activities{};
  std::uint32_t process = 0;
  std::string program{};  // as the process calls itself
  std::string tool{};     // what captured it: "CUPTI 130001"

  void add(const Activity& activity) override { activities.push_back(activity); }
  // "" where there is none.
  std::string_view text(Text index) const {
    return index < texts.size() ? std::string_view(texts[index]) : std::string_view();
  }

 private:
  void add_text(std::string_view text) override { texts.emplace_back(text); }
};

}  // namespace mk::capture
