#include "gui/panels/compare_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/panels/area_panel.h"
#include "gui/panels/error_model.h"
#include "gui/panels/scatter_view.h"

namespace mk::gui {
namespace {
constexpr std::size_t kMostPoints = 20000;
}  // namespace

ComparePanel::ComparePanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  by_ = new QComboBox(this);
  by_->addItems({QStringLiteral("by operator"), QStringLiteral("by cause")});
  second_ = new QComboBox(this);
  second_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  lines_ = new QLabel(this);
  lines_->setWordWrap(true);
  lines_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  model_ = new ErrorModel(this);
  scatter_ = new ScatterView(this);
  scatter_->on_slice_chosen = [this](std::uint32_t slice) {
    if (on_slice_chosen) on_slice_chosen({0, slice});
  };
  auto* choices = new QHBoxLayout();
  choices->addWidget(second_);
  choices->addWidget(by_);
  choices->addWidget(lines_, 1);
  auto* body = new QHBoxLayout();
  body->addWidget(make_table(model_, this), 3);
  body->addWidget(scatter_, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addLayout(choices);
  layout->addLayout(body, 1);
  connect(by_, &QComboBox::currentIndexChanged, this, [this] { fill(); });
  connect(second_, &QComboBox::currentIndexChanged, this, [this] { fill(); });
}

QString ComparePanel::text() const { return lines_->text(); }
void ComparePanel::choose(int by) { by_->setCurrentIndex(by); }

void ComparePanel::session_changed() {
  const QSignalBlocker blocker(second_);
  const int chosen = second_->currentIndex();
  second_->clear();
  for (std::size_t t = 1; t < session_.size(); ++t)
    second_->addItem(QStringLiteral("against ") + session_.trace(t).name());
  second_->setCurrentIndex(std::clamp(chosen, 0, std::max(0, second_->count() - 1)));
  fill();
}

void ComparePanel::showEvent(QShowEvent*) {
  if (is_stale_) fill();
}

void ComparePanel::fill() {
  is_stale_ = !isVisible();
  if (is_stale_) return;
  if (session_.size() < 2) {
    lines_->setText(QStringLiteral("Open a second trace to compare it with the first."));
    model_->set_rows({});
    scatter_->show_pairs({}, {}, {}, {});
    return;
  }
  const auto second = static_cast<std::size_t>(std::max(0, second_->currentIndex()) + 1);
  lines_->setText(comparison_lines(session_, second).join(QStringLiteral(" · ")));
  model_->set_rows(by_->currentIndex() == 0 ? errors_by_operator(session_, second)
                                            : errors_by_cause(session_, second));
  scatter_->show_pairs(length_pairs(session_, second, kMostPoints),
                       session_.trace(0).layer(ColorBy::kOperator, *session_.operators()).entries,
                       session_.trace(0).name(), session_.trace(second).name());
}

}  // namespace mk::gui
