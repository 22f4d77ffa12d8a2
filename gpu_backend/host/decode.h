// What greedy decoding of a graph is, whichever backend runs it: what is asked for, where the
// tokens stand in the graph, and what came out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/iteration_state.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "gpu_backend/host/bodies/kernels.h"

namespace mk {

struct DecodeOptions {
  std::vector<std::uint32_t> prompt{};
  std::uint32_t generate = 1;                    // tokens, at most
  std::vector<std::uint32_t> end_of_sequence{};  // decoding stops after any of these
  bool capture_logits = false;
  // Free pages of a paged KV cache, in the order in which requests get them: page p of request r is
  // page_order[p * requests + r]. Empty: in the order of their numbers.
  std::vector<std::uint32_t> page_order{};
  std::optional<Isa> isa{};  // of the host's bodies; none: the fastest
};

struct DecodeResult {
  std::vector<std::uint32_t> generated{};  // the token that ended it included
  std::vector<float> logits{};             // [generated, vocabulary], iff they were asked for
  std::int64_t vocabulary = 0;             // of one device's decoder: its part
  bool ended_by_itself = false;            // at an end-of-sequence token
  bool requests_agree = true;  // all requests generated the same: always, unless there is a bug
};

// The pages of a KV cache. A request gets a page when its context grows into it.
struct KvPages {
  TensorId table{};                   // [requests, of_request]
  std::uint32_t positions = 0;        // a page; 0: the cache is contiguous, there are none
  std::uint32_t of_request = 0;       // pages, at most
  std::vector<std::int32_t> order{};  // as DecodeOptions::page_order, all of them

  bool is_used() const { return positions != 0; }
  // How many pages hold that many positions.
  std::uint32_t count(std::uint32_t context) const { return (context + positions - 1) / positions; }
  // Writes into `row`, the request's of the table, what it gets when its context grows so.
  void hand_out(std::int32_t* row, std::uint32_t request, std::uint32_t from,
                std::uint32_t to) const;
};

// Where decoding finds things in a graph.
struct DecodeSetup {
  DecodePlan plan{};
  std::int64_t positions = 0;   // of a request's cache that are used
  std::int64_t vocabulary = 0;  // the columns of logits that are no padding
  TensorId token_ids{};         // what an iteration reads, one a row
  TensorId logits{};            // [batch_tokens, at least vocabulary]
  TensorId next_token{};        // one a row
  KvPages pages{};
};

// InvalidInput: the graph has no embedding or no argmax, the prompt is empty or has an id past the
// vocabulary, prompt and generated tokens pass the context that the cache holds, nothing to
// generate, fewer batch tokens than requests, a page order that does not name every page once.
// Of a graph for several devices: what one of them decodes.
[[nodiscard]] Result<DecodeSetup> decode_setup(const TaskGraph& graph, const DecodeOptions& options,
                                               std::uint8_t device = 0);

}  // namespace mk
