// What of a session is drawn over its lanes: the selected task with its partners and the tasks
// around it, the critical path.
#pragma once

#include <vector>

#include "gui/model/session.h"
#include "gui/timeline/overlay.h"

namespace mk::gui {

// The direct dependencies of a task: from the producers of its event, and to those that its own
// notification released, at most `most` in all, the last producers and first consumers first.
std::vector<Arrow> dependency_arrows(LoadedTrace& trace, std::uint32_t trace_number,
                                     std::uint32_t slice, std::size_t most = 32);

// Slices that the task waited for, by when they notified, last first; and those that waited for it,
// by when they started. Of slices that are no task, what flows lead there
// (an API call and the kernel that it launched).
std::vector<std::uint32_t> producers_of(LoadedTrace& trace, std::uint32_t slice);
std::vector<std::uint32_t> consumers_of(LoadedTrace& trace, std::uint32_t slice);

// Selects the slice: itself, its partners, its arrows. Other parts of the overlay stay.
void select_slice(Session& session, SliceRef slice, Overlay& overlay);
void clear_selection(Overlay& overlay);

// The critical paths of all traces, those that are ready where the session does not derive.
std::vector<PathStep> path_steps(Session& session);

// The largest row height at which all rows fit into `height`; between kLowestRow and 22.
int fitting_row_height(Session& session, int height);

}  // namespace mk::gui
