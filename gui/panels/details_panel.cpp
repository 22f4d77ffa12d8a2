#include "gui/panels/details_panel.h"

#include <QTextBrowser>
#include <QUrl>
#include <QVBoxLayout>

#include "gui/panels/histogram.h"

namespace mk::gui {

DetailsPanel::DetailsPanel(QWidget* parent) : QWidget(parent) {
  browser_ = new QTextBrowser(this);
  browser_->setOpenLinks(false);
  histogram_ = new HistogramView(this);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(browser_, 1);
  layout->addWidget(histogram_);
  connect(browser_, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) {
    const auto slice = slice_of_link(url.toString());
    if (slice && on_slice_chosen) on_slice_chosen(*slice);
  });
  show_nothing();
}

void DetailsPanel::show_slice(Session& session, SliceRef slice) {
  browser_->setHtml(details_html(session, details_of(session, slice)));
  const Trace& trace = session.trace(slice.trace).trace();
  const auto length =
      static_cast<double>(trace.slices.end[slice.slice] - trace.slices.start[slice.slice]);
  const Histogram* peers = session.trace(slice.trace).peers(slice.slice, *session.operators());
  histogram_->show_histogram(peers != nullptr ? *peers : Histogram(), length);
}

void DetailsPanel::show_nothing() {
  browser_->setHtml(QStringLiteral("<p>Click a slice to see its times.</p>"));
  histogram_->show_histogram({}, 0);
}

bool DetailsPanel::shows_peers() const { return histogram_->isVisible(); }
QString DetailsPanel::text() const { return browser_->toPlainText(); }

}  // namespace mk::gui
