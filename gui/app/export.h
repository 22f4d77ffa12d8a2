// The view as a file: PNG at twice the window's resolution, SVG with text as text and the lanes as
// an embedded picture.
#pragma once

#include <QString>

#include "core/result.h"
#include "gui/view/timeline_view.h"

namespace mk::gui {

// By the ending of `path`. kUsage iff that is neither .png nor .svg.
Status export_view(TimelineView& timeline, const QString& path);

}  // namespace mk::gui
