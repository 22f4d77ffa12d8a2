// What megascope_gpu_check prints and writes: lines as they come, one table, one JSON file.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace mk::cuda::check {

// The upper one of two in the middle; 0: there are none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

class Report {
 public:
  // At once, whatever happens next.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print("{}\n", fmt::format(format, std::forward<Args>(args)...));
    std::fflush(stdout);
  }
  // A check with its verdict.
  void verdict(bool ok, const std::string& what) {
    line("{} {}", ok ? "ok  " : "FAIL", what);
    json_["checks"].push_back({{"what", what}, {"ok", ok}});
    ++(ok ? passed_ : failed_);
  }
  void add(const char* table, nlohmann::json row) { json_[table].push_back(std::move(row)); }
  void set(const char* key, nlohmann::json value) { json_[key] = std::move(value); }

  int passed() const { return passed_; }
  int failed() const { return failed_; }
  std::string text() const { return json_.dump(1); }

 private:
  nlohmann::json json_{};
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace mk::cuda::check
