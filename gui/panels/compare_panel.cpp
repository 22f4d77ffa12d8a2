#include "gui/panels/compare_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPointer>
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
const QString kKey = QStringLiteral("compare");
}  // namespace

ComparePanel::ComparePanel(Session& session, Background& background, QWidget* parent)
    : QWidget(parent), session_(session), background_(background) {
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
  connect(by_, &QComboBox::currentIndexChanged, this, [this] { show_rows(); });
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

// A dock behind another one is not hidden but moved out of sight: it shows nothing then, and is
// painted when it comes back.
void ComparePanel::paintEvent(QPaintEvent*) {
  if (is_stale_)
    QMetaObject::invokeMethod(
        this, [this] { fill(); }, Qt::QueuedConnection);
}

void ComparePanel::resizeEvent(QResizeEvent*) { make_room_for_text(); }

void ComparePanel::say(const QString& text) {
  lines_->setText(text);
  lines_->setToolTip(text);
  make_room_for_text();
}

// Where the panel is low its layout would rather cut the text than the table. Not before it is
// seen: what it has for a width until then means nothing.
void ComparePanel::make_room_for_text() {
  const int most = 4 * lines_->fontMetrics().lineSpacing();
  if (isVisible())
    lines_->setMinimumHeight(std::min(most, lines_->heightForWidth(lines_->width())));
}

void ComparePanel::fill() {
  is_stale_ = visibleRegion().isEmpty();
  if (is_stale_) return;
  background_.withdraw(kKey);
  if (session_.size() < 2) {
    Comparison none;
    none.text = QStringLiteral("Open a second trace to compare it with the first.");
    return show_comparison(std::move(none));
  }
  const auto second = static_cast<std::size_t>(std::max(0, second_->currentIndex()) + 1);
  const auto pair = compared(session_, second);
  if (!pair) return say(QStringLiteral("Matching tasks …"));  // asked again when done
  background_.start({QStringLiteral("comparing"), kKey, OnSameKey::kReplace},
                    [panel = QPointer(this), pair](const Job& job) {
                      job.deliver([panel, comparison = compare(*pair)] {
                        if (panel) panel->show_comparison(comparison);
                      });
                    });
}

ComparePanel::Comparison ComparePanel::compare(const Compared& pair) {
  return {comparison_lines(pair).join(QStringLiteral(" · ")),
          errors_by_operator(pair),
          errors_by_cause(pair),
          length_pairs(pair, kMostPoints),
          pair.first.by_operator->layer.entries,
          pair.first.name,
          pair.second.name};
}

void ComparePanel::show_comparison(Comparison comparison) {
  shown_ = std::move(comparison);
  say(shown_.text);
  show_rows();
  scatter_->show_pairs(shown_.pairs, shown_.entries, shown_.first, shown_.second);
}

void ComparePanel::show_rows() {
  model_->set_rows(by_->currentIndex() == 0 ? shown_.by_operator : shown_.by_cause);
}

}  // namespace mk::gui
