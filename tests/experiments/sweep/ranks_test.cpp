// Sweeps and reproductions under mpirun: three ranks give the bytes that one process gives, a sweep
// also when one of them is killed half way. Skipped in builds without MPI.
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/experiments/cli_runner.h"
#include "tests/experiments/tiny_model.h"

extern char** environ;

namespace mk::testing {
namespace {

namespace fs = std::filesystem;

std::string bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The process that mpirun started as this rank of our job; 0 iff it is not there.
pid_t process_of_rank(pid_t mpirun, int rank) {
  const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (bytes(entry.path() / "environ").find(wanted + '\0') == std::string::npos) continue;
    std::istringstream stat(bytes(entry.path() / "stat"));
    std::string word;
    pid_t parent = 0;
    stat >> word >> word >> word >> parent;
    if (parent == mpirun) return static_cast<pid_t>(std::stol(name));
  }
  return 0;
}

class RanksTest : public CliFiles {
 protected:
  void SetUp() override {
    if (std::string_view(MEGASCOPE_MPIEXEC).empty()) GTEST_SKIP() << "this build has no MPI";
  }

  std::vector<std::string> sweep() const {
    return {"sweep",  "--model", "qwen3-0.6b",   "--policy", "aot,hybrid", "--workers", "96:127:2",
            "--seed", "1:4",     "--iterations", "2",        "--format",   "csv"};
  }

  pid_t start(const std::vector<std::string>& more, const std::string& out) const {
    std::vector<std::string> words = sweep();
    words.insert(words.end(), more.begin(), more.end());
    return start_ranks(words, out);
  }

  static pid_t start_ranks(const std::vector<std::string>& words, const std::string& out) {
    std::string line =
        "exec " MEGASCOPE_MPIEXEC
        " --allow-run-as-root --oversubscribe --enable-recovery -n 3 " MEGASCOPE_PROGRAM;
    for (const std::string& word : words) line += " " + word;
    line += " --threads 1 > " + out + " 2> " + out + ".err";
    std::vector<char*> arguments = {const_cast<char*>("sh"), const_cast<char*>("-c"), line.data(),
                                    nullptr};
    pid_t child = 0;
    EXPECT_EQ(posix_spawnp(&child, "sh", nullptr, nullptr, arguments.data(), environ), 0);
    return child;
  }

  static int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST_F(RanksTest, GiveTheBytesOfOneProcess) {
  const CliRun serial = megascope(sweep());

  EXPECT_EQ(wait_for(start({}, path("three.csv"))), 0) << bytes(path("three.csv.err"));
  EXPECT_EQ(bytes(path("three.csv")), serial.out);
}

TEST_F(RanksTest, ReproduceAsOneProcessDoes) {
  std::ofstream(path("mine.json"))
      << R"({"id": "mine", "title": "t", "question": "q", "baseline": "b",
        "sweeps": [{"model": "qwen3-0.6b", "policy": ["aot", "static"], "workers": "96:128:8"}],
        "claims": [{"name": "n", "what": "w", "unit": "x", "published": [1, 2], "source": "p",
        "speedup": [{"model": ")"
      << model() << R"(", "policy": "graph"}, {"model": ")" << model() << R"("}]}]})";
  const auto words = [&](const std::string& folder) {
    return std::vector<std::string>{"reproduce",  path("mine.json"), "-o",
                                    path(folder), "--format",        "csv"};
  };
  const CliRun serial = megascope(words("one"));

  EXPECT_EQ(wait_for(start_ranks(words("three"), path("three.csv"))), serial.status)
      << bytes(path("three.csv.err"));

  EXPECT_EQ(bytes(path("three.csv")), serial.out);
  EXPECT_EQ(bytes(path("three/mine.csv")), bytes(path("one/mine.csv")));
  EXPECT_EQ(bytes(path("three/results.json")), bytes(path("one/results.json")));
}

TEST_F(RanksTest, DoTheLostRanksPointsAgain) {
  const CliRun serial = megascope(sweep());
  const pid_t mpirun = start({"-o", path("points.db")}, path("two.csv"));
  // Once rank 0 writes its file, all have joined the job.
  while (!fs::exists(path("points.db")) || fs::file_size(path("points.db")) == 0)
    std::this_thread::yield();
  const pid_t rank = process_of_rank(mpirun, 2);
  ASSERT_NE(rank, 0);

  ASSERT_EQ(kill(rank, SIGKILL), 0);

  EXPECT_EQ(wait_for(mpirun), 0) << bytes(path("two.csv.err"));
  EXPECT_EQ(bytes(path("two.csv")), serial.out);
}

}  // namespace
}  // namespace mk::testing
