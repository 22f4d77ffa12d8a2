#include "gpu_backend/host/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace mk {
namespace {

// The first of that kind on that device.
const Operator* find_operator(const TaskGraph& graph, TaskKind kind, std::uint8_t device) {
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

Result<std::vector<std::int32_t>> page_order(std::uint32_t pages,
                                             const std::vector<std::uint32_t>& wanted) {
  std::vector<std::int32_t> order(pages);
  std::iota(order.begin(), order.end(), 0);
  if (wanted.empty()) return order;
  if (!std::is_permutation(wanted.begin(), wanted.end(), order.begin(), order.end())) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the order of pages must name each of {} pages once", pages));
  }
  order.assign(wanted.begin(), wanted.end());
  return order;
}

Result<KvPages> kv_pages(const TaskGraph& graph, const DecodeOptions& options,
                         std::uint8_t device) {
  const Operator* attention = find_operator(graph, TaskKind::kAttention, device);
  if (attention == nullptr) return KvPages{};
  const auto& params = std::get<AttentionParams>(attention->params);
  if (params.page_positions == 0) return KvPages{};
  KvPages pages;
  pages.table = attention->accesses[accesses_of(params).page_table].tensor;
  pages.positions = static_cast<std::uint32_t>(params.page_positions);
  pages.of_request = static_cast<std::uint32_t>(graph.tensors()[pages.table.index].shape.extent[1]);
  Result<std::vector<std::int32_t>> order =
      page_order(graph.info().requests * pages.of_request, options.page_order);
  if (!order) return tl::unexpected(order.error());
  pages.order = std::move(*order);
  return pages;
}

}  // namespace

void KvPages::hand_out(std::int32_t* row, std::uint32_t request, std::uint32_t from,
                       std::uint32_t to) const {
  const std::size_t requests = order.size() / of_request;
  for (std::uint32_t p = count(from); p < count(to); ++p) row[p] = order[p * requests + request];
}

Result<DecodeSetup> decode_setup(const TaskGraph& graph, const DecodeOptions& options,
                                 std::uint8_t device) {
  const Operator* embedding = find_operator(graph, TaskKind::kEmbedding, device);
  const Operator* partial = find_operator(graph, TaskKind::kArgmaxPartial, device);
  const Operator* reduce = find_operator(graph, TaskKind::kArgmaxReduce, device);
  if (embedding == nullptr || partial == nullptr || reduce == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: decoding needs an embedding, an argmax_partial and an "
                            "argmax_reduce operator",
                            graph.info().model));
  }
  DecodeSetup setup;
  const auto& argmax = std::get<ArgmaxParams>(partial->params);
  if (Status status = check_options(graph.info(), argmax.vocabulary, options); !status) {
    return tl::unexpected(with_context(graph.info().model, status.error()));
  }
  setup.plan = {.prompt_tokens = static_cast<std::uint32_t>(options.prompt.size()),
                .generate = options.generate,
                .batch_tokens = graph.info().batch_tokens,
                .requests = graph.info().requests};
  setup.positions = static_cast<std::int64_t>(options.prompt.size()) + options.generate - 1;
  Result<KvPages> pages = kv_pages(graph, options, device);
  if (!pages) return tl::unexpected(with_context(graph.info().model, pages.error()));
  setup.pages = std::move(*pages);
  setup.token_ids = embedding->accesses[0].tensor;
  setup.logits = partial->accesses[0].tensor;
  setup.vocabulary = std::clamp<std::int64_t>(argmax.vocabulary - argmax.first_index, 0,
                                              graph.tensors()[setup.logits.index].shape.extent[1]);
  setup.next_token = reduce->accesses.back().tensor;
  return setup;
}

}  // namespace mk
