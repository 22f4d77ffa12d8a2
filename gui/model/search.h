// Finding slices by name.
#pragma once

#include <QString>
#include <cstdint>
#include <optional>
#include <vector>

#include "gui/model/session.h"

namespace mk::gui {

// The slices of all traces whose name holds every word of `text`, in any case, by trace and lane,
// at most `most` of them. Empty for a text without words.
struct Found {
  std::vector<SliceRef> slices{};
  std::uint64_t count = 0;  // all, whether or not they are in `slices`
};
Found search(Session& session, const QString& text, std::size_t most = 1'000'000);

// Of found slices the next (or the one before) after where the person is: the selected slice, else
// a time on the axis. Goes on at the other end; none iff nothing was found.
struct SearchFrom {
  std::optional<SliceRef> slice{};
  double time = 0;
};
std::optional<SliceRef> next_found(Session& session, const std::vector<SliceRef>& slices,
                                   const SearchFrom& from, bool forward);

}  // namespace mk::gui
