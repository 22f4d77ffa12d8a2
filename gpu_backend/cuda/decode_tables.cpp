#include "gpu_backend/cuda/decode_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mk::cuda {
namespace {

const Operator* find_operator(const TaskGraph& graph, TaskKind kind, std::uint8_t device) {
  for (const Operator& op : graph.operators()) {
    if (op.kind == kind && op.device == device) return &op;
  }
  return nullptr;
}

Status check_decode(const GraphInfo& info, std::int64_t vocabulary, const DecodeOptions& o) {
  const auto refuse = [&](std::string message) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", info.model, message));
  };
  if (o.prompt.empty()) return refuse("the prompt has no token");
  if (o.generate == 0) return refuse("no token to generate");
  for (const std::uint32_t id : o.prompt) {
    if (id >= vocabulary) {
      return refuse(
          fmt::format("the prompt has token {}, the vocabulary {} tokens", id, vocabulary));
    }
  }
  const std::size_t positions = o.prompt.size() + o.generate - 1;
  if (positions > info.max_context) {
    return refuse(
        fmt::format("{} tokens of prompt and {} to generate need a context of {}, the "
                    "graph has {}",
                    o.prompt.size(), o.generate, positions, info.max_context));
  }
  return {};
}

}  // namespace

Result<DecodeTables> DecodeTables::make(const TaskGraph& graph, const DecodeOptions& options,
                                        std::uint8_t device) {
  const Operator* embedding = find_operator(graph, TaskKind::kEmbedding, device);
  const Operator* partial = find_operator(graph, TaskKind::kArgmaxPartial, device);
  const Operator* reduce = find_operator(graph, TaskKind::kArgmaxReduce, device);
  if (embedding == nullptr || partial == nullptr || reduce == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: decoding needs an embedding and an argmax_reduce operator",
                            graph.info().model));
  }
  const std::int64_t vocabulary = std::get<EmbeddingParams>(embedding->params).vocabulary;
  if (Status ok = check_decode(graph.info(), vocabulary, options); !ok) {
    return tl::unexpected(ok.error());
  }
  DecodeTables tables;
  tables.plan_ = {.prompt_tokens = static_cast<std::uint32_t>(options.prompt.size()),
                  .generate = options.generate,
                  .batch_tokens = graph.info().batch_tokens,
                  .requests = graph.info().requests};
  tables.prompt_.assign(options.prompt.begin(), options.prompt.end());
  tables.end_of_sequence_ = options.end_of_sequence;
  tables.input_ = embedding->accesses[0].tensor;
  tables.logits_ = partial->accesses[0].tensor;
  tables.output_ = reduce->accesses.back().tensor;
  tables.keeps_logits_ = options.capture_logits;
  tables.vocabulary_ =
      std::clamp<std::int64_t>(vocabulary - std::get<ArgmaxParams>(partial->params).first_index, 0,
                               graph.tensors()[tables.logits_.index].shape.extent[1]);
  for (std::uint32_t i = 0; i < tables.plan_.iterations(); ++i) {
    tables.states_.push_back(tables.plan_.state(i));
    const RequestState& request = tables.states_.back().requests.front();
    const bool generates =
        request.context_before + request.new_tokens >= tables.plan_.prompt_tokens;
    tables.steps_.push_back({request.new_tokens * tables.plan_.requests, request.new_tokens,
                             request.context_before, generates ? 1U : 0U});
  }
  return tables;
}

DecodeState DecodeTables::place(DeviceImage& image, const DeviceModel& model) const {
  DecodeState state;
  state.steps = image.add(steps_);
  state.iterations = iterations();
  state.requests = plan_.requests;
  state.prompt = image.add(prompt_);
  state.input = reinterpret_cast<std::int32_t*>(model.address(input_));
  state.output = reinterpret_cast<const std::int32_t*>(model.address(output_));
  state.end_of_sequence = image.add(end_of_sequence_);
  state.end_of_sequence_count = static_cast<std::uint32_t>(end_of_sequence_.size());
  state.logits = reinterpret_cast<const float*>(model.address(logits_));
  state.logits_stride =
      static_cast<std::uint32_t>(model.graph()->tensors()[logits_.index].shape.extent[1]);
  state.vocabulary = static_cast<std::uint32_t>(vocabulary_);
  if (keeps_logits_) {
    state.kept_logits = image.zeros<float>(std::size_t{plan_.generate} * state.vocabulary);
  }
  state.generated = image.zeros<std::int32_t>(std::size_t{iterations()} * plan_.requests);
  state.generated_count = image.zeros<std::uint32_t>(1);
  state.ended_by_itself = image.zeros<std::uint32_t>(1);
  return state;
}

Status DecodeTables::write_first_input(DeviceModel& model) const {
  std::vector<std::int32_t> ids;
  for (std::uint32_t request = 0; request < plan_.requests; ++request) {
    ids.insert(ids.end(), prompt_.begin(),
               prompt_.begin() + static_cast<std::ptrdiff_t>(steps_[0].new_tokens));
  }
  return model.write(input_, std::as_bytes(std::span(ids)));
}

DecodeResult DecodeTables::read(const DecodeState& state, const std::byte* base,
                                std::span<const std::byte> image) const {
  const auto value = [&](const auto* address) {
    std::remove_cvref_t<decltype(*address)> v;
    std::memcpy(&v, image.data() + (reinterpret_cast<const std::byte*>(address) - base), sizeof v);
    return v;
  };
  DecodeResult outcome;
  const std::uint32_t count = value(state.generated_count);
  outcome.ended_by_itself = value(state.ended_by_itself) != 0;
  for (std::uint32_t i = 0; i < count && i < iterations(); ++i) {
    const std::int32_t* const row = state.generated + std::size_t{i} * plan_.requests;
    outcome.generated.push_back(static_cast<std::uint32_t>(value(row)));
    for (std::uint32_t r = 1; r < plan_.requests; ++r) {
      if (value(row + r) != value(row)) outcome.requests_agree = false;
    }
  }
  if (state.kept_logits != nullptr) {
    outcome.vocabulary = vocabulary_;
    outcome.logits.resize(outcome.generated.size() * state.vocabulary);
    std::memcpy(outcome.logits.data(),
                image.data() + (reinterpret_cast<const std::byte*>(state.kept_logits) - base),
                outcome.logits.size() * sizeof(float));
  }
  return outcome;
}

}  // namespace mk::cuda
