#include "gpu_backend/weights/model_writer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "gpu_backend/weights/synthetic.h"

namespace mk {

namespace {

// Elements made and written at a time: 2 MiB, which stays in the cache.
constexpr std::uint64_t kBlockElements = std::uint64_t{1} << 20;

std::size_t total_bytes(std::span<const TensorSpec> specs) {
  return std::accumulate(
      specs.begin(), specs.end(), std::size_t{0},
      [](std::size_t sum, const TensorSpec& spec) { return sum + byte_count(spec); });
}

Status write_values(SafetensorsWriter& writer, std::span<const TensorSpec> specs,
                    std::uint64_t seed, const WriteProgress& progress) {
  const auto total = Bytes(static_cast<std::int64_t>(total_bytes(specs)));
  Bytes done;
  std::vector<std::uint16_t> block;
  for (const TensorSpec& spec : specs) {
    const SyntheticTensor tensor = make_synthetic_tensor(seed, spec);
    const auto count = static_cast<std::uint64_t>(element_count(spec));
    for (std::uint64_t first = 0; first < count; first += kBlockElements) {
      block.resize(std::min(kBlockElements, count - first));
      fill_synthetic(tensor, first, block);
      const Status appended = writer.append(std::as_bytes(std::span(block)));
      if (!appended) return appended;
      done += Bytes(static_cast<std::int64_t>(block.size() * sizeof(std::uint16_t)));
      if (progress) progress(done, total);
    }
  }
  return {};
}

}  // namespace

Result<SafetensorsWriter> SafetensorsWriter::create(
    const std::filesystem::path& path, std::span<const TensorSpec> specs,
    const std::map<std::string, std::string>& metadata) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::unexpected(std::move(file).error());
  const Status written = file->write(make_safetensors_header(specs, metadata));
  if (!written) return tl::unexpected(written.error());
  return SafetensorsWriter(std::move(*file), total_bytes(specs));
}

Status SafetensorsWriter::append(std::span<const std::byte> bytes) {
  MK_CHECK(bytes.size() <= missing_, "no more bytes are appended than the tensors have");
  missing_ -= bytes.size();
  return file_.write(bytes);
}

Status SafetensorsWriter::commit() {
  MK_CHECK(missing_ == 0, "all bytes of all tensors are appended before commit()");
  return file_.commit();
}

Result<Bytes> write_synthetic_model(const std::filesystem::path& folder,
                                    std::string_view config_json, std::vector<TensorSpec> specs,
                                    std::uint64_t seed, const WriteProgress& progress) {
  for (TensorSpec& spec : specs) spec.type = ElementType::kBf16;
  const std::filesystem::path path = folder / "model.safetensors";
  Result<SafetensorsWriter> writer =
      SafetensorsWriter::create(path, specs, {{"format", "pt"}, {"seed", std::to_string(seed)}});
  if (!writer) return tl::unexpected(std::move(writer).error());
  Status done = write_values(*writer, specs, seed, progress);
  if (done) done = writer->commit();
  if (done) done = write_file_atomically(folder / "config.json", config_json);
  if (!done) return tl::unexpected(done.error());
  std::error_code error;
  const std::uintmax_t written = std::filesystem::file_size(path, error);
  if (error) return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  return Bytes(static_cast<std::int64_t>(written + config_json.size()));
}

}  // namespace mk
