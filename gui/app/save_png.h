// Pictures on the disk, whole or not at all.
#pragma once

#include <QImage>
#include <QString>

#include "core/result.h"

namespace mk::gui {

// kIo iff it cannot be written; what was under that name is kept then.
Status save_png(const QImage& image, const QString& path);

}  // namespace mk::gui
