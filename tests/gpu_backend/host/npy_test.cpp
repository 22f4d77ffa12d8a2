#include "gpu_backend/host/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/gpu_backend/weights/temporary_folder.h"

namespace mk {
namespace {

TEST(Npy, WritesAHeaderThatNumpyReadsAndTheValues) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3, -4, 5.5F, 6};

  ASSERT_TRUE(write_npy(folder.path() / "a.npy", values, 2, 3));

  std::ifstream in(folder.path() / "a.npy", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const std::string literal = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  ASSERT_EQ(file.size(), 128 + 6 * sizeof(float));
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(file[8], 118);  // length of the rest of the header: 128 - 10
  EXPECT_EQ(file[9], 0);
  EXPECT_EQ(file.substr(10, literal.size()), literal);
  EXPECT_EQ(file[127], '\n');
  EXPECT_EQ(std::memcmp(file.data() + 128, values.data(), 6 * sizeof(float)), 0);
}

TEST(Npy, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  folder.write("file", "");

  const Status status = write_npy(folder.path() / "file/a.npy", {}, 0, 0);

  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("file"), std::string::npos);
}

}  // namespace
}  // namespace mk
