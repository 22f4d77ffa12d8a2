// A picture of traces without a window: what --screenshot does.
#pragma once

#include <QImage>

#include "core/result.h"
#include "gui/app/options.h"
#include "gui/model/session.h"

namespace mk::gui {

// Puts the options' way of looking into the session; the view that follows, for a plot of that
// size.
Viewport apply_options(Session& session, const Options& options, const QSize& size);

// The task that --select names. NotFound says what there is.
Result<SliceRef> find_selected(Session& session, const QString& select);

// Requires: a QGuiApplication.
Result<QImage> draw_screenshot(const Options& options);
Status write_screenshot(const Options& options);

}  // namespace mk::gui
