// Simulates from inside the window: pick model, machine, policy and split; the result opens as a
// trace. The simulator runs in a thread of its own.
#pragma once

#include <QThreadPool>
#include <QWidget>
#include <functional>

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
  // Waits for what runs.
  ~SimulatePanel() override;

  PredictionRequest request() const;
  void set_request(const PredictionRequest& request);
  void run();
  // What runs is dropped when it arrives.
  void cancel();
  bool is_running() const { return is_running_; }
  QString message() const;

  std::function<void(Prediction)> on_predicted{};

 private:
  void finished(std::uint64_t number, Result<Prediction> result);
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
  std::uint64_t number_ = 0;  // of the run whose result is wanted
  QThreadPool pool_{};
};

}  // namespace mk::gui
