#include "gpu_backend/cuda/check/subject.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/fnv.h"
#include "gpu_backend/weights/weight_source.h"

namespace mk::cuda::check {
namespace {

Result<ModelConfig> config_of(const std::string& model) {
  if (model.starts_with("{")) return model_from_json(model, "gpu check", "small");
  return load_model(model);
}

std::uint64_t streamed_weights(const TaskGraph& graph) {
  std::int64_t bytes = 0;
  const IterationState state = decode_step(graph.info().requests, 1);
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    bytes += graph.class_of(TaskId(t)).weight_bytes.at(state);
  }
  return static_cast<std::uint64_t>(bytes);
}

double as_double(const std::byte* data, DType type, std::size_t i) {
  switch (type) {
    case DType::kF32:
      return reinterpret_cast<const float*>(data)[i];
    case DType::kI32:
      return reinterpret_cast<const std::int32_t*>(data)[i];
    default:
      return to_float(reinterpret_cast<const Bf16*>(data)[i]);
  }
}

// The elements of a tensor that the last iteration, or any before it, wrote. Pages were handed out
// in the order of their numbers.
class LiveElements {
 public:
  LiveElements(const Tensor& tensor, const GraphInfo& info, std::uint32_t rows,
               std::uint32_t context)
      : tensor_(tensor),
        requests_(info.requests),
        is_paged_(tensor.shape.extent[2] != info.max_context),
        rows_(rows),
        context_(context) {}
  bool contains(std::size_t i) const {
    const auto& extent = tensor_.shape.extent;
    const auto index = static_cast<std::int64_t>(i);
    if (tensor_.role == TensorRole::kKvCache) {
      const std::int64_t page = index / (extent[1] * extent[2] * extent[3]);
      const std::int64_t before = is_paged_ ? page / requests_ * extent[2] : 0;
      return before + index / extent[3] % extent[2] < context_;
    }
    return index / (tensor_.shape.elements() / extent[0]) < rows_;
  }

 private:
  const Tensor& tensor_;
  std::uint32_t requests_;
  bool is_paged_;
  std::uint32_t rows_;
  std::uint32_t context_;
};

void compare(const std::byte* got, const std::byte* want, DType type, std::size_t elements,
             const LiveElements& live, TensorError& error) {
  double worst = 0;
  double largest = 1e-30;
  for (std::size_t i = 0; i < elements; ++i) {
    if (!live.contains(i)) continue;
    const double g = as_double(got, type, i);
    const double w = as_double(want, type, i);
    if (!std::isfinite(w)) continue;  // the largest score of a part that has no position
    if (!std::isfinite(g)) {
      ++error.not_numbers;
      continue;
    }
    worst = std::max(worst, std::abs(g - w));
    largest = std::max(largest, std::abs(w));
  }
  error.error = std::max(error.error, worst / largest);
}

}  // namespace

Result<Subject> Subject::make(const Device& device, const SubjectOptions& options) {
  Result<ModelConfig> config = config_of(options.model);
  if (!config) return tl::unexpected(config.error());
  CompileOptions compile = options.compile;
  compile.context = std::min(compile.context, options.shape.max_context);
  Result<Compiled> compiled = compile_model(*config, options.shape, compile);
  if (!compiled) return tl::unexpected(compiled.error());
  Subject subject;
  Result<ModelMemory> memory = ModelMemory::allocate(
      std::make_shared<const TaskGraph>(std::move(compiled->graph)), {.dtype = DType::kBf16});
  if (!memory) return tl::unexpected(memory.error());
  subject.memory = std::make_unique<ModelMemory>(std::move(*memory));
  if (Status ok =
          subject.memory->fill_weights(WeightProvider::synthetic(options.seed), options.threads);
      !ok) {
    return tl::unexpected(ok.error());
  }
  Result<DeviceModel> model = DeviceModel::upload(device, *subject.memory);
  if (!model) return tl::unexpected(model.error());
  subject.device = std::make_unique<DeviceModel>(std::move(*model));
  subject.streamed_bytes = streamed_weights(subject.graph());
  return subject;
}

Result<DecodeResult> decode_on_host(const Subject& subject, const DecodeOptions& options) {
  Result<Decoder> decoder = Decoder::make(*subject.memory, options);
  if (!decoder) return tl::unexpected(decoder.error());
  IterationState state;
  for (std::uint32_t i = 0; decoder->prepare(i, state); ++i) {
    for (std::uint32_t t = 0; t < subject.graph().task_count(); ++t) {
      if (subject.graph().tasks().kind[t] != TaskKind::kEmpty) decoder->execute(0, t, i);
    }
  }
  return decoder->result();
}

Result<std::vector<TensorError>> compare_tensors(const Subject& subject, std::uint32_t live_rows,
                                                 std::uint32_t context) {
  const TaskGraph& graph = subject.graph();
  std::map<std::string, TensorError> by_name;
  for (const Operator& op : graph.operators()) {
    for (const Access& access : op.accesses) {
      const Tensor& tensor = graph.tensors()[access.tensor.index];
      const bool is_index = tensor.dtype == DType::kI32 && tensor.role == TensorRole::kActivation;
      if (access.mode != AccessMode::kWrite || is_index) continue;  // near ties flip an index
      const std::span<std::byte> want = bytes_of(*subject.memory, access.tensor);
      std::vector<std::byte> got(want.size());
      if (Status ok = subject.device->read(access.tensor, got); !ok) {
        return tl::unexpected(ok.error());
      }
      TensorError& error = by_name[op.name];
      error.operator_name = op.name;
      compare(got.data(), want.data(), subject.memory->type_of(access.tensor),
              static_cast<std::size_t>(tensor.shape.elements()),
              LiveElements(tensor, graph.info(), live_rows, context), error);
    }
  }
  std::vector<TensorError> errors;
  for (auto& [name, error] : by_name) errors.push_back(std::move(error));
  return errors;
}

Result<std::uint64_t> hash_of_activations(const Subject& subject) {
  Fnv1a hash;
  for (std::uint32_t t = 0; t < subject.graph().tensors().size(); ++t) {
    const Tensor& tensor = subject.graph().tensors()[t];
    if (tensor.role == TensorRole::kWeight) continue;
    std::vector<std::byte> bytes(bytes_of(*subject.memory, TensorId(t)).size());
    if (Status ok = subject.device->read(TensorId(t), bytes); !ok) {
      return tl::unexpected(ok.error());
    }
    hash.add_bytes(bytes.data(), bytes.size());
  }
  return hash.value();
}

}  // namespace mk::cuda::check
