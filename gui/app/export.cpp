#include "gui/app/export.h"

#include <QImage>
#include <QPainter>
#include <QSvgGenerator>

#include "gui/app/save_png.h"

namespace mk::gui {
namespace {

constexpr double kRatio = 2;

Error refused(const QString& path, const char* why) {
  return {ErrorCode::kIo, (path + QStringLiteral(": ") + QString::fromUtf8(why)).toStdString()};
}

Status export_png(TimelineView& timeline, const QString& path) {
  const QSize size = timeline.size();
  QImage image(size * kRatio, QImage::Format_RGB32);
  image.setDevicePixelRatio(kRatio);
  QPainter painter(&image);
  timeline.render_to(painter, size, kRatio);
  painter.end();
  return save_png(image, path);
}

Status export_svg(TimelineView& timeline, const QString& path) {
  const QSize size = timeline.size();
  QSvgGenerator svg;
  svg.setFileName(path);
  svg.setSize(size);
  svg.setViewBox(QRect(QPoint(0, 0), size));
  svg.setTitle(QStringLiteral("Megascope"));
  QPainter painter;
  if (!painter.begin(&svg)) return tl::unexpected(refused(path, "cannot be written"));
  timeline.render_to(painter, size, 1);
  if (!painter.end()) return tl::unexpected(refused(path, "cannot be written"));
  return {};
}

}  // namespace

Status export_view(TimelineView& timeline, const QString& path) {
  if (path.endsWith(QStringLiteral(".png"), Qt::CaseInsensitive)) return export_png(timeline, path);
  if (path.endsWith(QStringLiteral(".svg"), Qt::CaseInsensitive)) return export_svg(timeline, path);
  Error error = refused(path, "the name must end in .png or .svg");
  error.code = ErrorCode::kUsage;
  return tl::unexpected(error);
}

}  // namespace mk::gui
