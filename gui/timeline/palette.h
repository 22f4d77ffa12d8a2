// Colours of data, the same in every window and for every trace.
//
// The operators that every decoder has own a colour each, so that a picture is read without its
// legend; others take free ones in the order in which they are first met. All come from Paul Tol's
// qualitative schemes, which stay apart under the common colour blindnesses (a test simulates
// them).
#pragma once

#include <QRgb>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/cause.h"

namespace mk::gui {

QRgb cause_colour(Cause cause);

// Colour of the n-th layer or iteration: neighbours differ clearly, far ones repeat.
QRgb sequence_colour(std::uint32_t n);

// -1 .. 1: from blue (earlier, shorter) over grey to red (later, longer).
QRgb diverging_colour(double value);

// The category of each operator name, shared by all traces of a window. Any thread may use it.
class OperatorPalette {
 public:
  struct Entry {
    std::string name{};
    QRgb colour = 0;
  };

  // Its category, given on first sight. All names past the last category share it.
  std::uint8_t category(std::string_view name);
  std::vector<Entry> entries() const;  // by category, so far

 private:
  mutable std::mutex mutex_{};
  std::map<std::string, std::uint8_t, std::less<>> categories_{};
  std::vector<Entry> entries_{};
  std::uint32_t next_free_ = 0;
};

}  // namespace mk::gui
