// The open traces in words: what made them, how long they are, what is doubtful about them.
#pragma once

#include <QString>

#include "gui/model/session.h"

namespace mk::gui {

QString traces_html(Session& session);

}  // namespace mk::gui
