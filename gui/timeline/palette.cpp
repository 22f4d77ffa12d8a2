#include "gui/timeline/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/timeline/bands.h"
#include "gui/timeline/theme.h"

namespace mk::gui {
namespace {

struct OwnColour {
  std::string_view name;
  QRgb colour;
};

// What takes most of a decode step is furthest apart.
constexpr std::array kOwnColours = {
    OwnColour{"qkv", 0xff4477aa},
    OwnColour{"attention", 0xffee6677},
    OwnColour{"attention_merge", 0xffcc6677},
    OwnColour{"o_proj", 0xff66ccee},
    OwnColour{"gate_up", 0xffccbb44},
    OwnColour{"down", 0xff228833},
    OwnColour{"lm_head", 0xffaa3377},
    OwnColour{"silu_mul", 0xffee8866},
    OwnColour{"input_norm", 0xffbbbbbb},
    OwnColour{"post_norm", 0xff999999},
    OwnColour{"final_norm", 0xffdddddd},
    OwnColour{"embed", 0xff99ddff},
    OwnColour{"argmax_partial", 0xffffaabb},
    OwnColour{"argmax_reduce", 0xffeedd88},
};

constexpr std::array<QRgb, 10> kFreeColours = {0xff88ccee, 0xff44aa99, 0xff117733, 0xff999933,
                                               0xffddcc77, 0xffcc6677, 0xff882255, 0xffaa4499,
                                               0xff77aadd, 0xffbbcc33};

constexpr std::array<QRgb, 8> kSequence = {0xff4477aa, 0xffccbb44, 0xff66ccee, 0xffee6677,
                                           0xff228833, 0xffee8866, 0xffaa3377, 0xffbbbbbb};

constexpr std::array<QRgb, kCauses.size()> kCauseColours = {
    0xff7f9fc6,  // execute
    0xff4477aa,  // execute_memory
    0xff66ccee,  // execute_compute
    0xff99ddff,  // execute_start_up
    0xff228833,  // notify
    0xffcc6677,  // wait_dependency
    0xffddcc77,  // wait_poll
    0xff77707a,  // wait_queue_empty
    0xff882255,  // wait_head_of_line
    0xffee8866,  // wait_page
    0xffaa4499,  // wait_scheduler
    0xff5d6470,  // iteration_boundary
    0xff44aa99,  // execute_communication
    0xff999933,  // wait_launch
    0xff3c4048,  // unknown
};

}  // namespace

QRgb cause_colour(Cause cause) { return kCauseColours[static_cast<std::size_t>(cause)]; }

QRgb sequence_colour(std::uint32_t n) { return kSequence[n % kSequence.size()]; }

QRgb diverging_colour(double value) {
  constexpr QRgb kEarly = 0xff2166ac;
  constexpr QRgb kNone = 0xff9a9a9a;
  constexpr QRgb kLate = 0xffd6604d;
  const int part = static_cast<int>(std::lround(std::min(std::abs(value), 1.0) * 255));
  return mixed(value < 0 ? kEarly : kLate, kNone, part);
}

std::uint8_t OperatorPalette::category(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto known = categories_.find(name);
  if (known != categories_.end()) return known->second;
  if (entries_.size() == kMaxCategories) return kMaxCategories - 1;
  const auto* const own = std::find_if(kOwnColours.begin(), kOwnColours.end(),
                                       [name](const OwnColour& c) { return c.name == name; });
  const QRgb colour =
      own != kOwnColours.end() ? own->colour : kFreeColours[next_free_++ % kFreeColours.size()];
  const auto category = static_cast<std::uint8_t>(entries_.size());
  categories_.emplace(std::string(name), category);
  entries_.push_back({std::string(name), colour});
  return category;
}

std::vector<OperatorPalette::Entry> OperatorPalette::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

}  // namespace mk::gui
