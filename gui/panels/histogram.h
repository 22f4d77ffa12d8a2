// A small histogram of lengths, with the selected one marked.
#pragma once

#include <QWidget>
#include <vector>

namespace mk::gui {

// Counts in equal bins from the smallest to the 99th percentile; longer ones are in the last bin.
struct Histogram {
  double low = 0;
  double high = 0;  // of the last bin's end
  double median = 0;
  double p95 = 0;
  std::vector<std::uint32_t> bins{};

  // The bin of a value. Requires: there are bins.
  std::size_t bin_of(double value) const;
};
Histogram histogram_of(std::vector<double> values, std::size_t bins = 40);

class HistogramView : public QWidget {
 public:
  explicit HistogramView(QWidget* parent = nullptr);
  void show_values(std::vector<double> values, double marked, const QString& title);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Histogram histogram_{};
  double marked_ = 0;
  QString title_{};
};

}  // namespace mk::gui
