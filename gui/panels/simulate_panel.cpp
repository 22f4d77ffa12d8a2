#include "gui/panels/simulate_panel.h"

#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>

#include "core/machine.h"
#include "core/model.h"

namespace mk::gui {
namespace {

QString text(std::string_view view) {
  return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QComboBox* names_box(const std::vector<std::string>& names, const std::string& chosen,
                     QWidget* parent) {
  auto* box = new QComboBox(parent);
  box->setEditable(true);  // a path is as good as a name
  for (const std::string& name : names) box->addItem(QString::fromStdString(name));
  box->setCurrentText(QString::fromStdString(chosen));
  return box;
}

QSpinBox* number_box(int low, int high, int value, const QString& for_low, QWidget* parent) {
  auto* box = new QSpinBox(parent);
  box->setRange(low, high);
  box->setValue(value);
  box->setSpecialValueText(for_low);
  return box;
}

constexpr std::array kPlacements = {Placement::kRoundRobin, Placement::kSwizzle,
                                    Placement::kLongestFirst, Placement::kEarliestFinish,
                                    Placement::kLocality};

}  // namespace

SimulatePanel::SimulatePanel(QWidget* parent) : QWidget(parent) {
  const PredictionRequest start;
  model_ = names_box(builtin_models(), start.model, this);
  machine_ = names_box(builtin_machines(), start.machine, this);
  policy_ = new QComboBox(this);
  for (const PolicyFacts& f : kPolicies) policy_->addItem(text(f.name));
  placement_ = new QComboBox(this);
  for (const Placement p : kPlacements) placement_->addItem(text(name_of(p)));
  workers_ = number_box(0, 1024, 0, QStringLiteral("the machine's"), this);
  schedulers_ = number_box(0, 256, 0, {}, this);
  iterations_ = number_box(1, 64, static_cast<int>(start.iterations), {}, this);
  context_ = number_box(1, 131072, static_cast<int>(start.context), {}, this);
  run_ = new QPushButton(QStringLiteral("Simulate"), this);
  cancel_ = new QPushButton(QStringLiteral("Cancel"), this);
  progress_ = new QProgressBar(this);
  progress_->setRange(0, 1000);
  message_ = new QLabel(this);
  message_->setWordWrap(true);
  auto* buttons = new QHBoxLayout();
  buttons->addWidget(run_);
  buttons->addWidget(cancel_);
  auto* form = new QFormLayout(this);
  form->addRow(QStringLiteral("Model"), model_);
  form->addRow(QStringLiteral("Machine"), machine_);
  form->addRow(QStringLiteral("Policy"), policy_);
  form->addRow(QStringLiteral("Placement"), placement_);
  form->addRow(QStringLiteral("Workers"), workers_);
  form->addRow(QStringLiteral("Schedulers"), schedulers_);
  form->addRow(QStringLiteral("Iterations"), iterations_);
  form->addRow(QStringLiteral("Context"), context_);
  form->addRow(buttons);
  form->addRow(progress_);
  form->addRow(message_);
  connect(run_, &QPushButton::clicked, this, [this] { run(); });
  connect(cancel_, &QPushButton::clicked, this, [this] { cancel(); });
  connect(&background_, &Background::progressed, this, [this](const QString&, double part) {
    progress_->setValue(static_cast<int>(part * 1000));
  });
  connect(&background_, &Background::cancelled, this, [this] {
    show_running(false);
    message_->setText(QStringLiteral("Cancelled."));
  });
  show_running(false);
}

PredictionRequest SimulatePanel::request() const {
  PredictionRequest request;
  request.model = model_->currentText().toStdString();
  request.machine = machine_->currentText().toStdString();
  request.policy = kPolicies[static_cast<std::size_t>(policy_->currentIndex())].kind;
  request.placement = kPlacements[static_cast<std::size_t>(placement_->currentIndex())];
  request.workers = static_cast<std::uint32_t>(workers_->value());
  request.schedulers = static_cast<std::uint32_t>(schedulers_->value());
  request.iterations = static_cast<std::uint32_t>(iterations_->value());
  request.context = static_cast<std::uint32_t>(context_->value());
  return request;
}

void SimulatePanel::set_request(const PredictionRequest& request) {
  model_->setCurrentText(QString::fromStdString(request.model));
  machine_->setCurrentText(QString::fromStdString(request.machine));
  policy_->setCurrentText(text(facts(request.policy).name));
  placement_->setCurrentText(text(name_of(request.placement)));
  workers_->setValue(static_cast<int>(request.workers));
  schedulers_->setValue(static_cast<int>(request.schedulers));
  iterations_->setValue(static_cast<int>(request.iterations));
  context_->setValue(static_cast<int>(request.context));
}

QString SimulatePanel::message() const { return message_->text(); }

void SimulatePanel::show_running(bool running) {
  is_running_ = running;
  run_->setEnabled(!running);
  cancel_->setEnabled(running);
  progress_->setVisible(running);
}

void SimulatePanel::run() {
  if (is_running_) return;
  message_->clear();
  progress_->setValue(0);
  show_running(true);
  background_.start({QStringLiteral("simulating")}, [this, what = request()](const Job& job) {
    const Result<Prediction> result =
        predict(what, [&job](double part) { return job.progress(part); });
    job.deliver([this, result] { finished(result); });
  });
}

void SimulatePanel::finished(Result<Prediction> result) {
  show_running(false);
  if (!result) return message_->setText(QString::fromStdString(result.error().message));
  message_->setText(QString::fromStdString(result->name));
  if (on_predicted) on_predicted(std::move(*result));
}

}  // namespace mk::gui
