#include "gui/app/save_png.h"

#include <fmt/format.h>

#include <QSaveFile>

namespace mk::gui {

Status save_png(const QImage& image, const QString& path) {
  QSaveFile file(path);
  if (file.open(QIODevice::WriteOnly) && image.save(&file, "PNG") && file.commit()) return {};
  return fail(ErrorCode::kIo, fmt::format("{}: cannot be written: {}", path.toStdString(),
                                          file.errorString().toStdString()));
}

}  // namespace mk::gui
