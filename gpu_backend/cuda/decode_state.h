// What decoding keeps in device memory: the table of iterations, made ahead, and the tokens.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

// One iteration of the plan. All requests are alike (DecodePlan).
struct alignas(16) StepRow {
  std::uint32_t rows = 0;            // live rows: requests x new_tokens
  std::uint32_t new_tokens = 0;      // of each request
  std::uint32_t context_before = 0;  // of each request
  std::uint32_t generates = 0;       // 1: its last token of each request is a generated one
};

MK_HD constexpr Step step_of(const StepRow& row, std::uint32_t request) {
  return {row.rows, request * row.new_tokens, row.new_tokens, row.context_before};
}

struct DecodeState {
  const StepRow* steps = nullptr;
  std::uint32_t iterations = 0;
  std::uint32_t requests = 1;
  const std::int32_t* prompt = nullptr;
  std::int32_t* input = nullptr;         // the graph's token ids, one a row
  const std::int32_t* output = nullptr;  // argmax's tokens, one a row
  const std::uint32_t* end_of_sequence = nullptr;
  std::uint32_t end_of_sequence_count = 0;
  std::int32_t* generated = nullptr;  // [iterations, requests]
  // Of a paged KV cache, else null: [requests, pages_of_request], and the pages in the order in
  // which they are handed out (KvPages).
  std::int32_t* page_table = nullptr;
  const std::int32_t* page_order = nullptr;
  std::uint32_t page_positions = 1;
  std::uint32_t pages_of_request = 0;
  const float* logits = nullptr;  // the graph's, a row a token
  std::uint32_t logits_stride = 0;
  float* kept_logits = nullptr;  // [generated, vocabulary] of the first request; may be null
  std::uint32_t vocabulary = 0;
  std::uint32_t* generated_count = nullptr;
  std::uint32_t* ended_by_itself = nullptr;

  // Between iterations, by one thread: keeps what iteration `next` - 1 generated, and writes the
  // tokens that iteration `next` reads and the pages that it grows into. False iff there is no such
  // iteration: decoding is over.
  MK_HD bool prepare(std::uint32_t next) const {
    if (next > 0 && steps[next - 1].generates != 0 && keep_tokens(next - 1)) {
      *ended_by_itself = 1;
      return false;
    }
    if (next >= iterations) return false;
    const StepRow step = steps[next];
    for (std::uint32_t request = 0; request < requests; ++request) {
      for (std::uint32_t t = 0; t < step.new_tokens; ++t) {
        input[request * step.new_tokens + t] = token(next, request, step.context_before + t);
      }
    }
    if (page_table != nullptr) hand_out_pages(step);
    return true;
  }

 private:
  MK_HD std::uint32_t pages(std::uint32_t context) const {
    return (context + page_positions - 1) / page_positions;
  }

  MK_HD void hand_out_pages(const StepRow& step) const {
    const std::uint32_t end = pages(step.context_before + step.new_tokens);
    for (std::uint32_t p = pages(step.context_before); p < end; ++p) {
      for (std::uint32_t request = 0; request < requests; ++request) {
        page_table[request * pages_of_request + p] = page_order[p * requests + request];
      }
    }
  }

  // True iff the first request's token ends the sequence: all requests are alike.
  MK_HD bool keep_tokens(std::uint32_t iteration) const {
    const StepRow step = steps[iteration];
    const std::uint32_t kept = *generated_count;
    for (std::uint32_t request = 0; request < requests; ++request) {
      generated[kept * requests + request] = output[(request + 1) * step.new_tokens - 1];
    }
    if (kept_logits != nullptr) keep_logits(kept, step.new_tokens - 1);
    *generated_count = kept + 1;
    const auto first = static_cast<std::uint32_t>(generated[kept * requests]);
    for (std::uint32_t e = 0; e < end_of_sequence_count; ++e) {
      if (end_of_sequence[e] == first) return true;
    }
    return false;
  }

  // One thread copies: only for runs whose time does not matter.
  MK_HD void keep_logits(std::uint32_t kept, std::uint32_t row) const {
    const float* const from = logits + std::uint64_t{row} * logits_stride;
    float* const to = kept_logits + std::uint64_t{kept} * vocabulary;
    for (std::uint32_t i = 0; i < vocabulary; ++i) to[i] = from[i];
  }

  // The prompt's token at that position, or past the prompt what the iteration before generated.
  MK_HD std::int32_t token(std::uint32_t iteration, std::uint32_t request,
                           std::uint32_t position) const {
    const bool in_prompt = iteration == 0 || steps[iteration - 1].generates == 0;
    if (in_prompt) return prompt[position];
    return output[(request + 1) * steps[iteration - 1].new_tokens - 1];
  }
};

}  // namespace mk::cuda
