// The selected slice: times, waits, who released it, its partners, its peers.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/slice_details.h"

class QTextBrowser;

namespace mk::gui {

class HistogramView;

class DetailsPanel : public QWidget {
 public:
  explicit DetailsPanel(QWidget* parent = nullptr);
  void show_slice(Session& session, SliceRef slice);
  void show_nothing();
  QString text() const;
  bool shows_peers() const;

  std::function<void(SliceRef)> on_slice_chosen{};

 private:
  QTextBrowser* browser_ = nullptr;
  HistogramView* histogram_ = nullptr;
};

}  // namespace mk::gui
