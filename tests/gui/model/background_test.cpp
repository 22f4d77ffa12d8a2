#include "gui/model/background.h"

#include <gmock/gmock.h>

#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <semaphore>

namespace mk::gui {
namespace {

using ::testing::ElementsAre;

class BackgroundTest : public ::testing::Test {
 protected:
  void settle() {
    ASSERT_TRUE(QTest::qWaitFor([&] { return !background_.is_busy(); }, 20000));
  }
  Background background_{RunIn::kThread};
  std::vector<int> delivered_{};
};

TEST_F(BackgroundTest, WorksInAThreadAndDeliversInOrderOnItsOwn) {
  QThread* own = QThread::currentThread();
  QThread* worker = nullptr;
  for (const int number : {1, 2}) {
    background_.start({"a job"}, [&, number](const Job& job) {
      worker = QThread::currentThread();
      job.deliver([&, number] {
        EXPECT_EQ(QThread::currentThread(), own);
        delivered_.push_back(number);
      });
    });
  }
  EXPECT_TRUE(background_.is_busy());
  settle();
  EXPECT_THAT(delivered_, ElementsAre(1, 2));
  EXPECT_NE(worker, own);
}

TEST_F(BackgroundTest, SaysHowFarAJobIs) {
  QSignalSpy spy(&background_, &Background::progressed);
  background_.start({"a job"}, [](const Job& job) {
    job.progress(0.25);
    job.progress(0.25);  // no news
    job.progress(0.5);
  });
  settle();
  ASSERT_EQ(spy.count(), 3);
  EXPECT_EQ(spy[0][0].toString(), "a job");
  EXPECT_EQ(spy[0][1].toDouble(), 0);
  EXPECT_EQ(spy[2][1].toDouble(), 0.5);
}

TEST_F(BackgroundTest, ACancelledJobLearnsItAndDeliversNothing) {
  std::binary_semaphore started{0};
  std::atomic<bool> was_told = false;
  background_.start({"long"}, [&](const Job& job) {
    started.release();
    while (job.progress(0.5)) QThread::yieldCurrentThread();
    was_told = true;
    job.deliver([&] { delivered_.push_back(1); });
  });
  background_.start({"behind it"},
                    [&](const Job& job) { job.deliver([&] { delivered_.push_back(2); }); });
  started.acquire();
  background_.cancel();
  settle();
  EXPECT_TRUE(was_told);
  EXPECT_TRUE(delivered_.empty());
}

TEST_F(BackgroundTest, OfOneKeyOneIsKeptOrReplaced) {
  std::binary_semaphore go{0};
  const auto start = [&](int number, OnSameKey on_same_key) {
    return background_.start({"a job", "key", on_same_key}, [&, number](const Job& job) {
      if (number == 1) go.acquire();
      job.deliver([&, number] { delivered_.push_back(number); });
    });
  };
  EXPECT_TRUE(start(1, OnSameKey::kKeep));
  EXPECT_FALSE(start(2, OnSameKey::kKeep));
  EXPECT_TRUE(start(3, OnSameKey::kReplace));
  go.release();
  settle();
  EXPECT_THAT(delivered_, ElementsAre(3));
  EXPECT_TRUE(start(4, OnSameKey::kKeep));  // the key is free again
  settle();
  EXPECT_THAT(delivered_, ElementsAre(3, 4));
}

TEST_F(BackgroundTest, InTheCallerAllHappensAtOnce) {
  Background here(RunIn::kCaller);
  here.start({"a job"}, [&](const Job& job) { job.deliver([&] { delivered_.push_back(1); }); });
  EXPECT_THAT(delivered_, ElementsAre(1));
  EXPECT_FALSE(here.is_busy());
}

TEST(Background, EndsWithItsJobsUndelivered) {
  bool arrived = false;
  {
    Background background(RunIn::kThread);
    background.start({"a job"}, [&](const Job& job) { job.deliver([&] { arrived = true; }); });
  }
  QCoreApplication::processEvents();
  EXPECT_FALSE(arrived);
}

}  // namespace
}  // namespace mk::gui
