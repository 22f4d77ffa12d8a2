// The fonts of the viewer come with the program (DejaVu), so that pictures are the same everywhere.
#pragma once

#include <QFont>
#include <QStringList>

#include "core/result.h"

namespace mk::gui {

// Makes the program's fonts known. kIo iff Qt refused them; texts are then drawn in whatever font
// there is, or as boxes. Requires: a QGuiApplication. Costs nothing when called again.
Status load_fonts();

// The same of any files: false iff Qt refused one of them; the others are known then.
bool add_fonts(const QStringList& files);

QFont text_font(int pixel_size);
QFont fixed_font(int pixel_size);

inline constexpr int kPlotFontSize = 12;

}  // namespace mk::gui
