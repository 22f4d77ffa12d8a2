#include <fmt/format.h>

#include <memory>

#include "core/model.h"
#include "experiments/cli/checkpoint_tensors.h"
#include "experiments/cli/progress.h"
#include "experiments/cli/verb_list.h"
#include "gpu_backend/weights/model_writer.h"

namespace mk::cli {
namespace {

struct Options {
  std::string model{};
  std::uint64_t seed = 1;
  std::string output{};
};

Result<Answer> write_weights(const Options& options, Console& console) {
  const Result<ModelConfig> model = load_model(options.model);
  if (!model) return tl::unexpected(model.error());
  std::vector<TensorSpec> tensors = checkpoint_tensors(*model);
  const std::size_t count = tensors.size();
  Result<Bytes> bytes(Bytes(0));
  {
    constexpr std::int64_t mebibyte = 1 << 20;
    Progress progress(console, "write MiB",
                      static_cast<std::uint64_t>(model->parameters() * 2 / mebibyte));
    bytes = write_synthetic_model(
        options.output, model->json, std::move(tensors), options.seed, [&](Bytes done, Bytes) {
          progress.update(static_cast<std::uint64_t>(done.value / mebibyte));
        });
  }
  if (!bytes) return tl::unexpected(bytes.error());
  return Answer{.json = {{"model", model->name},
                         {"folder", options.output},
                         {"seed", options.seed},
                         {"tensors", count},
                         {"bytes", bytes->value}},
                .text = fmt::format("{}: {} tensors, {:.1f} MB in {} (synthetic, seed {})\n",
                                    model->name, count, static_cast<double>(bytes->value) * 1e-6,
                                    options.output, options.seed)};
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.argument("MODEL", options->model, "built-in name, config.json, or a folder that holds one")
      .required();
  flags.value("-o,--output", options->output, "DIR", "folder for config.json and model.safetensors")
      .required();
  flags.value("--seed", options->seed, "N", "the same seed gives the same bytes");
  return [options](Console& console) { return write_weights(*options, console); };
}

}  // namespace

constinit const Verb weights_verb = {
    .name = "weights",
    .summary = "writes a model with synthetic weights as Hugging Face files",
    .arguments = "MODEL -o DIR [options]",
    .description =
        "Writes config.json and model.safetensors with the very weights that 'run --weights\n"
        "synthetic --seed N' uses, so that other programs can run the same model.",
    .examples = "megascope weights smollm2-135m --seed 7 -o synthetic-smol",
    .declare = declare,
};

}  // namespace mk::cli
