#include "gpu_backend/cuda/decode_tables.h"

#include <cstring>
#include <utility>

namespace mk::cuda {

Result<DecodeTables> DecodeTables::make(const TaskGraph& graph, const DecodeOptions& options,
                                        std::uint8_t device) {
  Result<DecodeSetup> setup = decode_setup(graph, options, device);
  if (!setup) return tl::unexpected(setup.error());
  DecodeTables tables;
  tables.setup_ = std::move(*setup);
  tables.prompt_.assign(options.prompt.begin(), options.prompt.end());
  tables.end_of_sequence_ = options.end_of_sequence;
  tables.keeps_logits_ = options.capture_logits;
  const DecodePlan& plan = tables.setup_.plan;
  for (std::uint32_t i = 0; i < plan.iterations(); ++i) {
    tables.states_.push_back(plan.state(i));
    const RequestState& request = tables.states_.back().requests.front();
    const bool generates = request.context_before + request.new_tokens >= plan.prompt_tokens;
    tables.steps_.push_back({request.new_tokens * plan.requests, request.new_tokens,
                             request.context_before, generates ? 1U : 0U});
  }
  return tables;
}

DecodeState DecodeTables::place(DeviceImage& image, const DeviceModel& model) const {
  DecodeState state;
  state.steps = image.add(steps_);
  state.iterations = iterations();
  state.requests = setup_.plan.requests;
  state.prompt = image.add(prompt_);
  state.input = reinterpret_cast<std::int32_t*>(model.address(setup_.token_ids));
  state.output = reinterpret_cast<const std::int32_t*>(model.address(setup_.next_token));
  state.end_of_sequence = image.add(end_of_sequence_);
  state.end_of_sequence_count = static_cast<std::uint32_t>(end_of_sequence_.size());
  state.logits = reinterpret_cast<const float*>(model.address(setup_.logits));
  state.logits_stride =
      static_cast<std::uint32_t>(model.graph()->tensors()[setup_.logits.index].shape.extent[1]);
  state.vocabulary = static_cast<std::uint32_t>(setup_.vocabulary);
  if (keeps_logits_) {
    state.kept_logits = image.zeros<float>(std::size_t{setup_.plan.generate} * state.vocabulary);
  }
  state.generated = image.zeros<std::int32_t>(std::size_t{iterations()} * setup_.plan.requests);
  if (setup_.pages.is_used()) {
    state.page_table = reinterpret_cast<std::int32_t*>(model.address(setup_.pages.table));
    state.page_order = image.add(setup_.pages.order);
    state.page_positions = setup_.pages.positions;
    state.pages_of_request = setup_.pages.of_request;
  }
  state.generated_count = image.zeros<std::uint32_t>(1);
  state.ended_by_itself = image.zeros<std::uint32_t>(1);
  return state;
}

Status DecodeTables::write_first_input(DeviceModel& model) const {
  std::vector<std::int32_t> ids;
  for (std::uint32_t request = 0; request < setup_.plan.requests; ++request) {
    ids.insert(ids.end(), prompt_.begin(),
               prompt_.begin() + static_cast<std::ptrdiff_t>(steps_[0].new_tokens));
  }
  if (Status ok = model.write(setup_.token_ids, std::as_bytes(std::span(ids))); !ok) return ok;
  if (!setup_.pages.is_used()) return {};
  const KvPages& pages = setup_.pages;
  std::vector<std::int32_t> table(pages.order.size(), -1);
  for (std::uint32_t r = 0; r < setup_.plan.requests; ++r) {
    pages.hand_out(table.data() + std::size_t{r} * pages.of_request, r, 0, steps_[0].new_tokens);
  }
  return model.write(pages.table, std::as_bytes(std::span(table)));
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
    const std::int32_t* const row = state.generated + std::size_t{i} * setup_.plan.requests;
    outcome.generated.push_back(static_cast<std::uint32_t>(value(row)));
    for (std::uint32_t r = 1; r < setup_.plan.requests; ++r) {
      if (value(row + r) != value(row)) outcome.requests_agree = false;
    }
  }
  if (state.kept_logits != nullptr) {
    outcome.vocabulary = setup_.vocabulary;
    outcome.logits.resize(outcome.generated.size() * state.vocabulary);
    std::memcpy(outcome.logits.data(),
                image.data() + (reinterpret_cast<const std::byte*>(state.kept_logits) - base),
                outcome.logits.size() * sizeof(float));
  }
  return outcome;
}

}  // namespace mk::cuda
