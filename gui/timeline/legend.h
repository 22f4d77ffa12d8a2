// The legend under the lanes: what each colour in the picture means.
#pragma once

#include <QPainter>
#include <QRect>
#include <vector>

#include "gui/timeline/names.h"
#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

// The meanings of all layers and waits of the scene, each once, without those that no band has.
std::vector<LegendEntry> legend_of(const Scene& scene);

struct LegendBox {
  QRect swatch{};
  QPoint text{};
  std::size_t entry = 0;
};
// Lines of boxes from the top left of `area`, as many as its width asks for.
std::vector<LegendBox> place_legend(const std::vector<LegendEntry>& entries, const QRect& area,
                                    TextCache& texts);
int legend_rows(const std::vector<LegendEntry>& entries, int width, TextCache& texts);

void draw_legend(QPainter& painter, const std::vector<LegendEntry>& entries, const QRect& area,
                 const Theme& theme, TextCache& texts);

}  // namespace mk::gui
