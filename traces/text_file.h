// A text file that is written in large pieces. Used inside traces/ only.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace mk {

class TextFile {
 public:
  static Result<TextFile> create(const std::string& path);

  void put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() > kPiece) flush();
  }
  // Io iff anything could not be written.
  Status close();

 private:
  static constexpr std::size_t kPiece = 1 << 20;
  explicit TextFile(std::FILE* file) : file_(file) {}
  void flush();

  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_{};
  bool failed_ = false;
};

}  // namespace mk
