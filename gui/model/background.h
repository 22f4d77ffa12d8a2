// Background: work in a thread, so that the window stays alive; what it is, how far it is, and an
// end to it.
//
//   background.start({"critical path of a", key}, [trace](const Job& job) {
//     CriticalPath path = ...;                        // in a thread
//     job.deliver([=] { show(path); });               // on the owner's thread
//   });
//
// Jobs run one after the other. What a job delivers runs by the event loop of the thread that owns
// the Background, unless the job was cancelled or replaced meanwhile. With RunIn::kCaller
// everything happens within start(): for pictures without a window, and for tests.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <atomic>
#include <functional>
#include <map>
#include <memory>

namespace mk::gui {

enum class RunIn { kThread, kCaller };

class Background;

// A job as its work sees it. Any thread.
class Job {
 public:
  // How far it is, 0 .. 1. False once nobody wants it any more: return soon then.
  bool progress(double part) const;
  bool is_wanted() const { return *is_wanted_; }
  void deliver(std::function<void()> result) const;

 private:
  friend class Background;
  Job(Background& background, QString what) : background_(background), what_(std::move(what)) {}

  Background& background_;
  QString what_;
  std::shared_ptr<std::atomic<bool>> is_wanted_ = std::make_shared<std::atomic<bool>>(true);
  // Thousandths that were last said: only news goes to the owner's thread.
  std::shared_ptr<std::atomic<int>> said_ = std::make_shared<std::atomic<int>>(-1);
};

// A job with the key of one that is under way is not started, or takes its place.
enum class OnSameKey { kKeep, kReplace };

struct JobName {
  QString what{};  // for people: "matching a and b"
  QString key{};   // empty: like no other
  OnSameKey on_same_key = OnSameKey::kKeep;
};

class Background : public QObject {
  Q_OBJECT

 public:
  using Work = std::function<void(const Job&)>;

  explicit Background(RunIn where, QObject* parent = nullptr);
  // Cancels, then waits for its thread.
  ~Background() override;

  // False iff a job of that key is under way and kept.
  bool start(const JobName& name, Work work);
  // What is under way delivers nothing any more: all of it, or the job of that key. Whoever waits
  // for a job hears cancelled(), at once.
  void cancel();
  void withdraw(const QString& key);
  bool is_busy() const { return under_way_ > 0; }

 signals:
  void busyChanged(bool is_busy);
  void progressed(const QString& what, double part);
  // All that was wanted is no longer: the person cancelled, here or in the status line.
  void cancelled();

 private:
  friend class Job;
  void run(const Job& job, const QString& key, const Work& work);
  void finished(const Job& job, const QString& key);
  void forget_all();
  void post(std::function<void()> call);

  RunIn where_;
  int under_way_ = 0;
  std::map<QString, Job> jobs_{};  // under way and wanted, by key
  std::uint64_t unnamed_ = 0;
  QThreadPool pool_{};
};

}  // namespace mk::gui
