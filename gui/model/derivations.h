// What a session that derives nothing itself wants and has not: each can be made in a thread, from
// what is shared, and is then installed.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "gui/model/session.h"

namespace mk::gui {

struct Derivation {
  // Puts the result into the session it was made for, on the session's thread; false iff the trace
  // is no longer open.
  using Install = std::function<bool(Session&)>;

  QString what{};                   // for people: "critical path of predicted"
  QString key{};                    // another one for another trace
  std::function<Install()> make{};  // any thread
};

// Of whole traces: layers for the colours that are shown, counters and critical paths where wanted.
// Of each later trace its matching with the first one; the lane that compares.
std::vector<Derivation> missing_derivations(Session& session, bool wants_path);

}  // namespace mk::gui
