#include "gpu_backend/host/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace mk {
namespace {

const Operator* only_operator(const TaskGraph& graph, TaskKind kind, std::uint8_t device) {
  for (const Operator& op : graph.operators()) {
    if (op.kind == kind && op.device == device) return &op;
  }
  return nullptr;
}

Status check_options(const GraphInfo& info, std::int64_t vocabulary, const DecodeOptions& o) {
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::kInvalidInput, std::move(message));
  };
  if (o.prompt.empty()) return refuse("the prompt has no token");
  if (o.generate == 0) return refuse("no token to generate");
  if (info.batch_tokens < info.requests) {
    return refuse(fmt::format("{} batch tokens are too few for {} requests", info.batch_tokens,
                              info.requests));
  }
  for (const std::uint32_t id : o.prompt) {
    if (id >= vocabulary) {
      return refuse(
          fmt::format("the prompt has token {}, the vocabulary {} tokens", id, vocabulary));
    }
  }
  // The last generated token is never fed back.
  const std::size_t positions = o.prompt.size() + o.generate - 1;
  if (positions > info.max_context) {
    return refuse(
        fmt::format("{} tokens of prompt and {} to generate need a context of {}, the "
                    "graph was compiled for {}",
                    o.prompt.size(), o.generate, positions, info.max_context));
  }
  return {};
}

// Also takes the page faults before the run's first iteration instead of in it.
template <typename T>
void clear_cache(const ModelMemory& memory, std::int64_t positions) {
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    const Tensor& tensor = memory.graph().tensors()[t];
    if (tensor.role != TensorRole::kKvCache) continue;
    const auto& extent = tensor.shape.extent;
    T* data = memory.data<T>(TensorId(t));
    for (std::int64_t head = 0; head < extent[0] * extent[1]; ++head) {
      std::fill_n(data + head * extent[2] * extent[3], positions * extent[3], T{});
    }
  }
}

}  // namespace

Result<Decoder> Decoder::make(const ModelMemory& memory, DecodeOptions options,
                              std::uint8_t device) {
  const TaskGraph& graph = memory.graph();
  const Operator* embedding = only_operator(graph, TaskKind::kEmbedding, device);
  const Operator* partial = only_operator(graph, TaskKind::kArgmaxPartial, device);
  const Operator* reduce = only_operator(graph, TaskKind::kArgmaxReduce, device);
  if (embedding == nullptr || partial == nullptr || reduce == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: decoding needs an embedding, an argmax_partial and an "
                            "argmax_reduce operator",
                            graph.info().model));
  }
  const auto& argmax = std::get<ArgmaxParams>(partial->params);
  const std::int64_t vocabulary = argmax.vocabulary;
  if (Status status = check_options(graph.info(), vocabulary, options); !status) {
    return tl::unexpected(status.error());
  }
  const auto positions = static_cast<std::int64_t>(options.prompt.size()) + options.generate - 1;
  Result<TaskBodies> bodies = TaskBodies::bind(
      memory, positions, options.isa ? kernels_for(*options.isa) : fastest_kernels());
  if (!bodies) return tl::unexpected(bodies.error());

  Decoder decoder(memory, std::move(options), std::move(*bodies));
  decoder.plan_ = {.prompt_tokens = static_cast<std::uint32_t>(decoder.options_.prompt.size()),
                   .generate = decoder.options_.generate,
                   .batch_tokens = graph.info().batch_tokens,
                   .requests = graph.info().requests};
  decoder.token_ids_ = embedding->accesses[0].tensor;
  decoder.logits_ = partial->accesses[0].tensor;
  decoder.next_token_ = reduce->accesses.back().tensor;
  const std::int64_t columns = graph.tensors()[decoder.logits_.index].shape.extent[1];
  decoder.result_.vocabulary =
      std::clamp<std::int64_t>(vocabulary - argmax.first_index, 0, columns);
  if (memory.dtype() == DType::kBf16) {
    clear_cache<Bf16>(memory, positions);
  } else {
    clear_cache<float>(memory, positions);
  }
  return decoder;
}

bool Decoder::prepare(std::uint32_t iteration, IterationState& state) {
  harvest();
  if (result_.ended_by_itself || iteration >= plan_.iterations()) return false;
  state = plan_.state(iteration);
  fill_token_ids(state);
  bodies_.set_state(state);
  running_ = state;
  return true;
}

// The tokens of a request are the prompt's, then the generated ones.
void Decoder::fill_token_ids(const IterationState& state) {
  std::int32_t* id = memory_->data<std::int32_t>(token_ids_);
  for (const RequestState& request : state.requests) {
    for (std::uint32_t i = 0; i < request.new_tokens; ++i) {
      const std::size_t at = std::size_t{request.context_before} + i;
      const std::size_t prompt = options_.prompt.size();
      *id++ = static_cast<std::int32_t>(at < prompt ? options_.prompt[at]
                                                    : result_.generated[at - prompt]);
    }
  }
}

void Decoder::harvest() {
  if (!running_) return;
  const IterationState state = *std::exchange(running_, std::nullopt);
  const RequestState& first = state.requests.front();
  if (first.context_before + first.new_tokens < plan_.prompt_tokens) return;
  const std::int32_t* next = memory_->data<std::int32_t>(next_token_);
  const std::uint32_t row = first.new_tokens - 1;
  const auto token = static_cast<std::uint32_t>(next[row]);
  for (std::uint32_t r = 1; r < state.requests.size(); ++r) {
    const std::uint32_t other = r * first.new_tokens + row;
    if (static_cast<std::uint32_t>(next[other]) != token) result_.requests_agree = false;
  }
  result_.generated.push_back(token);
  const auto& ends = options_.end_of_sequence;
  result_.ended_by_itself = std::find(ends.begin(), ends.end(), token) != ends.end();
  if (!options_.capture_logits) return;
  const std::int64_t stride = memory_->graph().tensors()[logits_.index].shape.extent[1];
  const float* logits = memory_->data<float>(logits_) + row * stride;
  result_.logits.insert(result_.logits.end(), logits, logits + result_.vocabulary);
}

DecodeResult join_devices(const std::vector<DecodeResult>& of_device) {
  DecodeResult all = of_device.front();
  all.logits.clear();
  all.vocabulary = 0;
  for (const DecodeResult& one : of_device) {
    all.vocabulary += one.vocabulary;
    const bool agrees = one.requests_agree && one.generated == of_device.front().generated;
    all.requests_agree = all.requests_agree && agrees;
  }
  if (of_device.front().logits.empty()) return all;
  for (std::size_t row = 0; row < all.generated.size(); ++row) {
    for (const DecodeResult& one : of_device) {
      const auto width = static_cast<std::size_t>(one.vocabulary);
      if ((row + 1) * width > one.logits.size()) continue;  // it generated less
      const auto begin = one.logits.begin() + static_cast<std::ptrdiff_t>(row * width);
      all.logits.insert(all.logits.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
    }
  }
  return all;
}

DecodeResult Decoder::result() {
  harvest();
  return result_;
}

}  // namespace mk
