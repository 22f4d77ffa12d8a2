// Each matched task as a point: its length in the first trace against that in the second, both axes
// logarithmic. On the line they agree.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

#include "gui/model/error_table.h"
#include "gui/timeline/coloring.h"

namespace mk::gui {

class ScatterView : public QWidget {
 public:
  explicit ScatterView(QWidget* parent = nullptr);
  void show_pairs(std::vector<LengthPair> pairs, std::vector<LegendEntry> entries, QString first,
                  QString second);

  // Where a pair is drawn, in the widget.
  QPointF point_of(const LengthPair& pair) const;

  std::function<void(std::uint32_t slice)> on_slice_chosen{};  // of the first trace

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

 private:
  QRectF plot() const;
  double low_ = 0;  // log10 of ns
  double high_ = 1;
  std::vector<LengthPair> pairs_{};
  std::vector<LegendEntry> entries_{};
  QString first_{};
  QString second_{};
};

}  // namespace mk::gui
