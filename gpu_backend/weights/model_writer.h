// Writes safetensors files, and whole model folders with synthetic weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "gpu_backend/weights/atomic_file.h"
#include "gpu_backend/weights/safetensors_header.h"

namespace mk {

// Streams one file: memory use does not depend on its size. The file appears under its name at
// commit(), whole.
class SafetensorsWriter {
 public:
  // Requires: the names differ. kIo as AtomicFile.
  [[nodiscard]] static Result<SafetensorsWriter> create(
      const std::filesystem::path& path, std::span<const TensorSpec> specs,
      const std::map<std::string, std::string>& metadata = {});

  // The next bytes of the data: the tensors in the order of `specs`, in pieces of any size.
  [[nodiscard]] Status append(std::span<const std::byte> bytes);

  // Requires: as many bytes were appended as the specs ask for.
  [[nodiscard]] Status commit();

 private:
  SafetensorsWriter(AtomicFile file, std::size_t missing)
      : file_(std::move(file)), missing_(missing) {}

  AtomicFile file_;
  std::size_t missing_ = 0;  // bytes still to be appended
};

// Called now and then with the bytes written so far and in all.
using WriteProgress = std::function<void(Bytes done, Bytes total)>;

// Makes `folder` with model.safetensors, the tensors of `specs` in bf16 with the values of
// synthetic.h under `seed`, and then config.json with the given text. Gives the bytes of both
// files. Deterministic: the same arguments give the same files. kIo where the disk refuses; then no
// half-written file is left. Requires: the names in `specs` differ.
[[nodiscard]] Result<Bytes> write_synthetic_model(const std::filesystem::path& folder,
                                                  std::string_view config_json,
                                                  std::vector<TensorSpec> specs, std::uint64_t seed,
                                                  const WriteProgress& progress = {});

}  // namespace mk
