#include "plugins/model_cli/convert_command.h"

#include <unistd.h>

#include <iostream>

#include "core/base/quantity.h"
#include "core/base/text.h"
#include "plugins/lib/model/convert.h"

namespace cairn::model {
namespace {

// One line that is written over itself, only when its text changes.
class Bar {
 public:
  void show(std::uint64_t done, std::uint64_t total) {
    constexpr std::size_t kWidth = 30;
    const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
    std::string cells(kWidth, '.');
    for (std::size_t i = 0; i < kWidth && i * 100 < percent * kWidth; ++i) cells[i] = '#';
    const std::string text =
        "[" + cells + "] " + std::to_string(percent) + " % of " + format_bytes(total);
    if (text == shown_) return;
    shown_ = text;
    std::cerr << "\r" << text << "\x1b[K" << std::flush;
  }
  ~Bar() {
    if (!shown_.empty()) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  std::string shown_;
};

}  // namespace

Result<void> run_convert(const ConvertArguments& arguments) {
  ConvertOptions options;
  if (!arguments.dtype.empty()) {
    CAIRN_ASSIGN(options.dtype, dtype_from_name(arguments.dtype));
  }
  auto shard_bytes = parse_bytes(arguments.shard_size);
  if (!shard_bytes.ok()) return with_context(std::move(shard_bytes).error(), "--shard-size");
  options.shard_bytes = *shard_bytes;
  std::uint64_t bytes = 0;
  {
    Bar bar;
    const bool shown = isatty(STDERR_FILENO) == 1;
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      bytes = total;
      if (shown) bar.show(done, total);
    };
    CAIRN_TRY(convert_model(arguments.source, arguments.target, options));
  }
  CAIRN_ASSIGN(const Weights weights, Weights::open(arguments.target));
  std::cout << arguments.target << ": " << weights.tensors().size() << " tensors, "
            << format_bytes(bytes) << "\n";
  return {};
}

}  // namespace cairn::model
