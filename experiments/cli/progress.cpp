#include "experiments/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace mk::cli {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kBetweenBars(100);
constexpr std::chrono::milliseconds kBetweenLines(5000);

}  // namespace

Progress::Progress(Console& console, std::string what, std::uint64_t total)
    : console_(console),
      what_(std::move(what)),
      total_(std::max<std::uint64_t>(total, 1)),
      last_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (drawn_) console_.err << "\r\033[K" << std::flush;
}

void Progress::update(std::uint64_t done) {
  const auto now = std::chrono::steady_clock::now();
  const bool is_terminal = console_.err_is_terminal;
  if (now - last_ < (is_terminal ? kBetweenBars : kBetweenLines)) return;
  last_ = now;
  drawn_ = is_terminal;
  console_.err << (is_terminal ? bar(done) : fmt::format("{}: {} of {}\n", what_, done, total_))
               << std::flush;
}

std::string Progress::bar(std::uint64_t done) const {
  const std::size_t filled = static_cast<std::size_t>(std::min(done, total_) * kBarWidth / total_);
  return fmt::format("\r\033[K{} [{}{}] {}/{}", what_, std::string(filled, '#'),
                     std::string(kBarWidth - filled, '.'), done, total_);
}

}  // namespace mk::cli
