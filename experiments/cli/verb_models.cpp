#include <fmt/format.h>

#include <memory>

#include "core/model.h"
#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"

namespace mk::cli {
namespace {

Json describe(const ModelConfig& model) {
  Json json = {{"name", model.name},
               {"family", std::string(name_of(model.family))},
               {"parameters", model.parameters()},
               {"layers", model.layers},
               {"hidden", model.hidden},
               {"heads", model.heads},
               {"kv_heads", model.kv_heads},
               {"head_dim", model.head_dim},
               {"intermediate", model.intermediate},
               {"vocabulary", model.vocabulary},
               {"tied_embeddings", model.tied_embeddings}};
  json["experts"] = model.moe ? model.moe->experts : 0;
  return json;
}

Result<Answer> list_models(Console&) {
  Answer answer{.json = Json::array()};
  Table table({"name", "family", "parameters", "layers", "hidden", "heads", "KV heads",
               "vocabulary", "experts"});
  for (const std::string& name : builtin_models()) {
    const Result<ModelConfig> model = load_model(name);
    if (!model) return tl::unexpected(model.error());
    answer.json.push_back(describe(*model));
    table.add({name, std::string(name_of(model->family)),
               fmt::format("{:.2f} G", static_cast<double>(model->parameters()) * 1e-9),
               fmt::format("{}", model->layers), fmt::format("{}", model->hidden),
               fmt::format("{}", model->heads), fmt::format("{}", model->kv_heads),
               fmt::format("{}", model->vocabulary),
               model->moe ? fmt::format("{}", model->moe->experts) : "-"});
  }
  answer.text = table.str();
  return answer;
}

Action declare(Flags&) { return list_models; }

}  // namespace

constinit const Verb models_verb = {
    .name = "models",
    .summary = "lists the built-in models",
    .arguments = "[options]",
    .description =
        "Lists the built-in models. Wherever MODEL is asked for, a Hugging Face config.json of "
        "the\n"
        "Llama, Qwen3 or Qwen3-MoE family, or a folder that holds one, does as well.",
    .examples = "megascope models --format json",
    .declare = declare,
};

}  // namespace mk::cli
