// A small histogram of lengths, with the selected one marked.
#pragma once

#include <QWidget>

#include "gui/model/histogram.h"

namespace mk::gui {

class HistogramView : public QWidget {
 public:
  explicit HistogramView(QWidget* parent = nullptr);
  // Hidden where there is none.
  void show_histogram(const Histogram& histogram, double marked);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Histogram histogram_{};
  double marked_ = 0;
};

}  // namespace mk::gui
