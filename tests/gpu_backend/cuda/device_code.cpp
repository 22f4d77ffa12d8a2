#include "tests/gpu_backend/cuda/device_code.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/support/source_dir.h"

namespace mk::cuda::test {
namespace {

constexpr std::string_view kCompilers = MEGASCOPE_CUDA_BIN;  // the toolkit's folder, may be empty

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "megascope-ptx-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  std::filesystem::path file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_{};
};

Result<std::string> run(const std::string& command, const std::filesystem::path& output) {
  const int status = std::system(fmt::format("{} > {} 2>&1", command, output.string()).c_str());
  std::string said = text_of(output);
  if (status == 0) return said;
  return fail(ErrorCode::kDevice, fmt::format("{}\n{}", command, said));
}

std::uint32_t number(const std::smatch& match, std::size_t group) {
  return static_cast<std::uint32_t>(std::stoul(match[group]));
}

template <class Visit>
void for_each_match(const std::string& text, const std::regex& pattern, Visit&& visit) {
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) visit(*at);
}

}  // namespace

bool has_cuda_compiler() { return !kCompilers.empty(); }

Result<DeviceCode> compile_device_code(const std::string& source, const std::string& architecture) {
  const TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const Result<std::string> compiled =
      run(fmt::format("{}/nvcc -std=c++20 -O3 -DNDEBUG -I{} -ptx -arch=compute_{} {}/{} -o {}",
                      kCompilers, source_dir(), architecture, source_dir(), source,
                      folder.file("code.ptx").string()),
          folder.file("nvcc.log"));
  if (!compiled) return tl::unexpected(compiled.error());
  const Result<std::string> assembled =
      run(fmt::format("{}/ptxas -v -arch=sm_{} {} -o {}", kCompilers, architecture,
                      folder.file("code.ptx").string(), folder.file("code.cubin").string()),
          folder.file("ptxas.log"));
  if (!assembled) return tl::unexpected(assembled.error());
  DeviceCode code = parse_usage(*assembled);
  code.ptx = text_of(folder.file("code.ptx"));
  code.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return code;
}

DeviceCode parse_usage(const std::string& ptxas_output) {
  static const std::regex kRegisters("Used ([0-9]+) registers");
  static const std::regex kStack("([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores");
  DeviceCode code;
  for_each_match(ptxas_output, kRegisters, [&](const std::smatch& match) {
    code.registers = std::max(code.registers, number(match, 1));
  });
  for_each_match(ptxas_output, kStack, [&](const std::smatch& match) {
    code.stack_bytes = std::max(code.stack_bytes, number(match, 1));
    code.spill_bytes += number(match, 2);
  });
  return code;
}

std::vector<std::string> forbidden_accesses(const std::string& ptx,
                                            const std::vector<std::string>& allowed) {
  static const std::regex kForbidden(
      "[a-z][a-z0-9_.:]*\\.(sys|volatile|sc)\\b[a-z0-9_.:]*|membar[a-z0-9_.]*");
  std::vector<std::string> found;
  for_each_match(ptx, kForbidden, [&](const std::smatch& match) {
    if (std::ranges::find(allowed, match.str()) == allowed.end()) found.push_back(match.str());
  });
  return found;
}

}  // namespace mk::cuda::test
