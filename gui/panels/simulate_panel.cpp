#include "gui/panels/simulate_panel.h"

#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <algorithm>
#include <array>
#include <cmath>

#include "core/machine.h"
#include "core/model.h"
#include "core/policy.h"
#include "gui/model/sweep_map.h"
#include "gui/timeline/time_text.h"

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

SweepPoint without_fields(SweepPoint point) {
  const SweepPoint first = first_point();
  for (const auto field :
       {&SweepPoint::model, &SweepPoint::machine, &SweepPoint::policy, &SweepPoint::placement})
    point.*field = first.*field;
  for (const auto field : {&SweepPoint::workers, &SweepPoint::schedulers, &SweepPoint::iterations,
                           &SweepPoint::context})
    point.*field = first.*field;
  return point;
}

constexpr std::array kPlacements = {Placement::kRoundRobin, Placement::kSwizzle,
                                    Placement::kLongestFirst, Placement::kEarliestFinish,
                                    Placement::kLocality};

}  // namespace

SimulatePanel::SimulatePanel(QWidget* parent) : QWidget(parent) {
  const SweepPoint start = first_point();
  model_ = names_box(builtin_models(), start.model, this);
  machine_ = names_box(builtin_machines(), start.machine, this);
  policy_ = new QComboBox(this);
  for (const PolicyFacts& f : kPolicies) policy_->addItem(text(f.name));
  placement_ = new QComboBox(this);
  for (const Placement p : kPlacements) placement_->addItem(text(name_of(p)));
  workers_ = number_box(0, 65536, 0, QStringLiteral("the machine's"), this);
  schedulers_ = number_box(0, 65536, 0, {}, this);
  iterations_ = number_box(1, 65536, static_cast<int>(start.iterations), {}, this);
  context_ = number_box(1, 1 << 24, static_cast<int>(start.context), {}, this);
  run_ = new QPushButton(QStringLiteral("Simulate"), this);
  cancel_ = new QPushButton(QStringLiteral("Cancel"), this);
  progress_ = new QProgressBar(this);
  progress_->setRange(0, 1000);
  rest_text_ = new QLabel(this);
  rest_text_->setWordWrap(true);
  forget_ = new QPushButton(QStringLiteral("Forget these"), this);
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
  form->addRow(rest_text_);
  form->addRow(forget_);
  form->addRow(buttons);
  form->addRow(progress_);
  form->addRow(message_);
  connect(run_, &QPushButton::clicked, this, [this] { run(); });
  connect(forget_, &QPushButton::clicked, this, [this] {
    rest_ = first_point();
    show_rest();
  });
  connect(cancel_, &QPushButton::clicked, this, [this] { cancel(); });
  connect(&background_, &Background::progressed, this, [this](const QString&, double part) {
    progress_->setValue(static_cast<int>(part * 1000));
  });
  connect(&background_, &Background::cancelled, this, [this] {
    show_running(false);
    message_->setText(QStringLiteral("Cancelled."));
  });
  show_rest();
  show_running(false);
}

SweepPoint SimulatePanel::point() const {
  SweepPoint point = rest_;
  point.model = model_->currentText().toStdString();
  point.machine = machine_->currentText().toStdString();
  point.policy = policy_->currentText().toStdString();
  point.placement = placement_->currentText().toStdString();
  point.workers = static_cast<std::uint64_t>(workers_->value());
  point.schedulers = static_cast<std::uint64_t>(schedulers_->value());
  point.iterations = static_cast<std::uint64_t>(iterations_->value());
  point.context = static_cast<std::uint64_t>(context_->value());
  return point;
}

void SimulatePanel::set_point(const SweepPoint& point) {
  const auto show = [](QSpinBox* box, std::uint64_t value) {
    box->setValue(static_cast<int>(std::min<std::uint64_t>(value, 1 << 24)));
  };
  model_->setCurrentText(QString::fromStdString(point.model));
  machine_->setCurrentText(QString::fromStdString(point.machine));
  policy_->setCurrentText(QString::fromStdString(point.policy));
  placement_->setCurrentText(QString::fromStdString(point.placement));
  show(workers_, point.workers);
  show(schedulers_, point.schedulers);
  show(iterations_, point.iterations);
  show(context_, point.context);
  rest_ = without_fields(point);
  // Grids for the split's workers follow the field.
  if (rest_.grid_workers == point.workers) rest_.grid_workers = 0;
  show_rest();
}

QString SimulatePanel::rest() const {
  return QString::fromStdString(what_differs(rest_, first_point()));
}

void SimulatePanel::show_rest() {
  const QString shown = rest();
  rest_text_->setText(QStringLiteral("and ") + shown);
  rest_text_->setVisible(!shown.isEmpty());
  forget_->setVisible(!shown.isEmpty());
}

QString SimulatePanel::message() const { return message_->text(); }

void SimulatePanel::show_running(bool running) {
  is_running_ = running;
  run_->setEnabled(!running);
  cancel_->setEnabled(running);
  progress_->setVisible(running);
}

void SimulatePanel::run(std::optional<double> known_us) {
  if (is_running_) return;
  message_->clear();
  progress_->setValue(0);
  show_running(true);
  background_.start({QStringLiteral("simulating")},
                    [this, what = point(), known_us](const Job& job) {
                      const Result<Prediction> result =
                          predict(what, [&job](double part) { return job.progress(part); });
                      job.deliver([this, result, known_us] { finished(result, known_us); });
                    });
}

void SimulatePanel::finished(Result<Prediction> result, std::optional<double> known_us) {
  show_running(false);
  if (!result) return message_->setText(QString::fromStdString(result.error().message));
  QString message =
      QStringLiteral("%1: iteration %2")
          .arg(QString::fromStdString(result->name), duration_text(result->iteration_us * 1e3));
  // Rows keep 15 digits.
  if (known_us && std::abs(*known_us - result->iteration_us) > 1e-9 * *known_us) {
    message += QStringLiteral("; the sweep has %1: its model, machine or simulator was another")
                   .arg(duration_text(*known_us * 1e3));
  }
  message_->setText(message);
  if (on_predicted) on_predicted(std::move(*result));
}

}  // namespace mk::gui
