#include "gui/model/background.h"

#include <QCoreApplication>
#include <cmath>

namespace mk::gui {

bool Job::progress(double part) const {
  const int thousandths = static_cast<int>(std::lround(part * 1000));
  if (is_wanted() && said_->exchange(thousandths) != thousandths) {
    background_.post([job = *this, part] {
      if (job.is_wanted()) emit job.background_.progressed(job.what_, part);
    });
  }
  return is_wanted();
}

void Job::deliver(std::function<void()> result) const {
  background_.post([job = *this, result = std::move(result)] {
    if (job.is_wanted()) result();
  });
}

Background::Background(RunIn where, QObject* parent) : QObject(parent), where_(where) {
  pool_.setMaxThreadCount(1);  // in the order in which they were asked for
}

Background::~Background() {
  forget_all();
  pool_.waitForDone();
  QCoreApplication::removePostedEvents(this);
}

void Background::post(std::function<void()> call) {
  if (where_ == RunIn::kCaller) return call();
  QMetaObject::invokeMethod(this, std::move(call), Qt::QueuedConnection);
}

bool Background::start(const JobName& name, Work work) {
  const QString key = name.key.isEmpty() ? QStringLiteral("#%1").arg(unnamed_++) : name.key;
  if (jobs_.contains(key) && name.on_same_key == OnSameKey::kKeep) return false;
  withdraw(key);
  const Job job(*this, name.what);
  jobs_.emplace(key, job);
  if (under_way_++ == 0) emit busyChanged(true);
  if (where_ == RunIn::kCaller) {
    run(job, key, work);
  } else {
    pool_.start([this, job, key, work = std::move(work)] { run(job, key, work); });
  }
  return true;
}

void Background::run(const Job& job, const QString& key, const Work& work) {
  if (job.progress(0)) work(job);
  post([this, job, key] { finished(job, key); });
}

void Background::finished(const Job& job, const QString& key) {
  const auto own = jobs_.find(key);
  if (own != jobs_.end() && own->second.is_wanted_ == job.is_wanted_) jobs_.erase(own);
  if (--under_way_ == 0) emit busyChanged(false);
}

void Background::withdraw(const QString& key) {
  const auto job = jobs_.find(key);
  if (job == jobs_.end()) return;
  *job->second.is_wanted_ = false;
  jobs_.erase(job);
}

void Background::cancel() {
  if (jobs_.empty()) return;
  forget_all();
  emit cancelled();
}

void Background::forget_all() {
  for (auto& [key, job] : jobs_) *job.is_wanted_ = false;
  jobs_.clear();
}

}  // namespace mk::gui
