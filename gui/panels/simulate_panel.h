// Simulates from inside the window: pick model, machine, policy and split; the result opens as a
// trace. The simulator runs in a thread of its own.
#pragma once

#include <QWidget>
#include <functional>

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
  PredictionRequest request() const;
  void set_request(const PredictionRequest& request);
  void run();
  // Stops what runs. So does whoever cancels background().
  void cancel() { background_.cancel(); }
  bool is_running() const { return is_running_; }
  Background& background() { return background_; }
  QString message() const;

  std::function<void(Prediction)> on_predicted{};

 private:
  void finished(Result<Prediction> result);
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
  QLabel* message_ = nullptr;
  bool is_running_ = false;
  Background background_{RunIn::kThread};
};

}  // namespace mk::gui
