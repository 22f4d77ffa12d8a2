#include "experiments/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace mk::cli {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr auto kRedraw = std::chrono::milliseconds(100);

}  // namespace

Progress::Progress(Console& console, std::string what, std::uint64_t total)
    : console_(console), what_(std::move(what)), total_(std::max<std::uint64_t>(total, 1)) {}

Progress::~Progress() {
  if (drawn_) console_.err << "\r\033[K" << std::flush;
}

void Progress::update(std::uint64_t done) {
  if (console_.err_is_terminal) {
    draw_bar(done);
    return;
  }
  const std::uint64_t tenths = std::min(done, total_) * 10 / total_;
  if (tenths <= tenths_said_) return;
  tenths_said_ = tenths;
  console_.err << fmt::format("{}: {} of {}\n", what_, done, total_);
}

void Progress::draw_bar(std::uint64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_draw_ < kRedraw) return;
  last_draw_ = now;
  drawn_ = true;
  const std::size_t filled = static_cast<std::size_t>(std::min(done, total_) * kBarWidth / total_);
  console_.err << fmt::format("\r\033[K{} [{}{}] {}/{}", what_, std::string(filled, '#'),
                              std::string(kBarWidth - filled, '.'), done, total_)
               << std::flush;
}

}  // namespace mk::cli
