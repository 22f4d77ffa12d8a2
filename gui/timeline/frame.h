// What stands around the plots: ruler, gutter with the lanes' names, minimap.
#pragma once

#include <QPainter>
#include <QRect>

#include "gui/timeline/names.h"
#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

void draw_ruler(QPainter& painter, const TimeWindow& window, const QRect& area,
                const QString& title, const Theme& theme, TextCache& texts);

void draw_gutter(QPainter& painter, const Scene& scene, int scroll, const QRect& area,
                 const Theme& theme, TextCache& texts);

// How busy all lanes together are over the whole time; it changes with the scene only.
void draw_minimap(QPainter& painter, const Scene& scene, const QRect& area, const Theme& theme);
// The part of it that the plot shows.
void draw_minimap_brush(QPainter& painter, const Scene& scene, const TimeRange& shown,
                        const QRect& area, const Theme& theme);
double minimap_time(const Scene& scene, const QRect& area, double x);

}  // namespace mk::gui
