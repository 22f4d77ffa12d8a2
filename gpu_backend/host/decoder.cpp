#include "gpu_backend/host/decoder.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace mk {
namespace {

// The rows that a run will use, and no others: of each request or page as many positions as it has
// there. Also takes the page faults before the run's first iteration instead of in it.
template <typename T>
void clear_cache(const ModelMemory& memory, const DecodeSetup& setup) {
  std::vector<std::int32_t> used;  // requests, or pages
  std::int64_t positions = setup.positions;
  if (setup.pages.is_used()) {
    const std::uint32_t count = setup.pages.count(static_cast<std::uint32_t>(positions));
    used.assign(setup.pages.order.begin(),
                setup.pages.order.begin() + std::ptrdiff_t{count} * setup.plan.requests);
    positions = setup.pages.positions;
  } else {
    used.resize(setup.plan.requests);
    std::iota(used.begin(), used.end(), 0);
  }
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    const Tensor& tensor = memory.graph().tensors()[t];
    if (tensor.role != TensorRole::kKvCache) continue;
    const auto& extent = tensor.shape.extent;
    T* data = memory.data<T>(TensorId(t));
    for (const std::int64_t first : used) {
      for (std::int64_t head = first * extent[1]; head < (first + 1) * extent[1]; ++head) {
        std::fill_n(data + head * extent[2] * extent[3], positions * extent[3], T{});
      }
    }
  }
}

}  // namespace

Result<Decoder> Decoder::make(const ModelMemory& memory, DecodeOptions options,
                              std::uint8_t device) {
  Result<DecodeSetup> setup = decode_setup(memory.graph(), options, device);
  if (!setup) return tl::unexpected(setup.error());
  Result<TaskBodies> bodies = TaskBodies::bind(
      memory, setup->positions, options.isa ? kernels_for(*options.isa) : fastest_kernels());
  if (!bodies) return tl::unexpected(bodies.error());
  if (memory.dtype() == DType::kBf16) {
    clear_cache<Bf16>(memory, *setup);
  } else {
    clear_cache<float>(memory, *setup);
  }
  if (setup->pages.is_used()) {
    std::fill_n(memory.data<std::int32_t>(setup->pages.table), setup->pages.order.size(), -1);
  }
  Decoder decoder(memory, std::move(options), std::move(*setup), std::move(*bodies));
  decoder.result_.vocabulary = decoder.setup_.vocabulary;
  return decoder;
}

bool Decoder::prepare(std::uint32_t iteration, IterationState& state) {
  harvest();
  if (result_.ended_by_itself || iteration >= setup_.plan.iterations()) return false;
  state = setup_.plan.state(iteration);
  fill_token_ids(state);
  hand_out_pages(state);
  bodies_.set_state(state);
  running_ = state;
  return true;
}

// The tokens of a request are the prompt's, then the generated ones.
void Decoder::fill_token_ids(const IterationState& state) {
  std::int32_t* id = memory_->data<std::int32_t>(setup_.token_ids);
  for (const RequestState& request : state.requests) {
    for (std::uint32_t i = 0; i < request.new_tokens; ++i) {
      const std::size_t at = std::size_t{request.context_before} + i;
      const std::size_t prompt = options_.prompt.size();
      *id++ = static_cast<std::int32_t>(at < prompt ? options_.prompt[at]
                                                    : result_.generated[at - prompt]);
    }
  }
}

void Decoder::hand_out_pages(const IterationState& state) {
  const KvPages& pages = setup_.pages;
  if (!pages.is_used()) return;
  std::int32_t* row = memory_->data<std::int32_t>(pages.table);
  for (std::uint32_t r = 0; r < state.requests.size(); ++r, row += pages.of_request) {
    const RequestState& request = state.requests[r];
    pages.hand_out(row, r, request.context_before, request.context_before + request.new_tokens);
  }
}

void Decoder::harvest() {
  if (!running_) return;
  const IterationState state = *std::exchange(running_, std::nullopt);
  const RequestState& first = state.requests.front();
  if (first.context_before + first.new_tokens < setup_.plan.prompt_tokens) return;
  const std::int32_t* next = memory_->data<std::int32_t>(setup_.next_token);
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
  const std::int64_t stride = memory_->graph().tensors()[setup_.logits.index].shape.extent[1];
  const float* logits = memory_->data<float>(setup_.logits) + row * stride;
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
