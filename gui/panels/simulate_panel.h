// Simulates from inside the window: pick model, machine, policy and split; the result opens as a
// trace. The simulator runs in a thread of its own.
#pragma once

#include <QWidget>
#include <functional>
#include <optional>

#include "gui/model/background.h"
#include "gui/model/prediction.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace mk::gui {

class SimulatePanel : public QWidget {
 public:
  explicit SimulatePanel(QWidget* parent = nullptr);
  // What the fields say; an axis without a field has the value that was set last.
  SweepPoint point() const;
  void set_point(const SweepPoint& point);
  // With the time that a sweep has for this point, if one has: where the result differs the message
  // says so.
  void run(std::optional<double> known_us = {});
  // Stops what runs. So does whoever cancels background().
  void cancel() { background_.cancel(); }
  bool is_running() const { return is_running_; }
  Background& background() { return background_; }
  QString message() const;
  QString rest() const;  // the axes without a field that are not as usual; empty: all are
  QPushButton& forget() { return *forget_; }  // of the rest

  std::function<void(Prediction)> on_predicted{};

 private:
  void finished(Result<Prediction> result, std::optional<double> known_us);
  void show_rest();
  void show_running(bool running);

  QComboBox* model_ = nullptr;
  QComboBox* machine_ = nullptr;
  QComboBox* policy_ = nullptr;
  QComboBox* placement_ = nullptr;
  QSpinBox* workers_ = nullptr;
  QSpinBox* schedulers_ = nullptr;
  QSpinBox* iterations_ = nullptr;
  QSpinBox* context_ = nullptr;
  QPushButton* run_ = nullptr;
  QPushButton* cancel_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QLabel* rest_text_ = nullptr;
  QPushButton* forget_ = nullptr;
  QLabel* message_ = nullptr;
  SweepPoint rest_ = first_point();  // of the axes that have no field
  bool is_running_ = false;
  Background background_{RunIn::kThread};
};

}  // namespace mk::gui
