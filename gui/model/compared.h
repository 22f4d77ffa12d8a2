// Two traces of a session as comparing them needs: shared, so that it may be done in a thread while
// the session goes on.
#pragma once

#include <QString>
#include <memory>
#include <optional>

#include "gui/model/bounds.h"
#include "gui/model/layers.h"
#include "gui/model/matching.h"
#include "gui/timeline/time_window.h"
#include "traces/trace.h"

namespace mk::gui {

class Session;

struct Compared {
  struct Side {
    QString name{};
    std::shared_ptr<const Trace> trace{};
    std::shared_ptr<const OwnedLayer> by_operator{};
    std::shared_ptr<const OwnedLayer> by_cause{};  // null while only the outline is there
    std::vector<RunBound> bounds{};
    TimeMap map{};
  };
  Side first{};
  Side second{};
  std::shared_ptr<const Matching> matching{};
};

// The first trace and the one at `second`; none iff that is missing which the session does not
// derive itself. Requires: 0 < second < session.size().
std::optional<Compared> compared(Session& session, std::size_t second);

}  // namespace mk::gui
