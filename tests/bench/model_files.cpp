#include "tests/bench/model_files.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::bench {
namespace {

using model::Dtype;
using model::TensorPlan;
using model::TensorView;
using model::Weights;

constexpr std::int64_t kRows = 1024, kWidth = 1024;
constexpr int kTensors = 119;  // of 4 MiB: 500 MB
constexpr int kRounds = 9;
constexpr double kReadGoal = 1.2;        // of cat's time
constexpr double kFirstTensorGoal = 50;  // ms

std::vector<TensorPlan> plan_of(Dtype dtype) {
  std::vector<TensorPlan> plan;
  for (int i = 0; i < kTensors; ++i) {
    plan.push_back({"model.layers." + std::to_string(i) + ".weight", dtype, {kRows, kWidth}});
  }
  return plan;
}

void write_model(const fs::path& folder, Dtype dtype, const std::vector<float>& values) {
  auto writer = model::WeightsWriter::create(folder, plan_of(dtype)).value();
  for (const TensorPlan& tensor : plan_of(dtype)) {
    if (!writer.write_f32(tensor.name, values).ok()) std::abort();
  }
  if (!writer.finish().ok()) std::abort();
}

// Every byte, as words: what a checksum would read.
std::uint64_t read_all(const Weights& weights) {
  std::uint64_t sum = 0;
  for (const TensorView* tensor : weights.tensors()) {
    const std::byte* at = tensor->data.data();
    std::size_t left = tensor->data.size();
    for (; left >= sizeof sum; at += sizeof sum, left -= sizeof sum) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      sum += word;
    }
    for (; left > 0; ++at, --left) sum += std::to_integer<std::uint64_t>(*at);
  }
  return sum;
}

template <typename Work>
double seconds(const Work& work) {
  const double begin = now_seconds();
  work();
  return now_seconds() - begin;
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) std::abort();
}

std::string text(const char* format, double a, double b = 0) {
  char out[160];
  std::snprintf(out, sizeof out, format, a, b);
  return out;
}

void measure_reading(Report& report, const fs::path& folder, std::vector<float>& values) {
  const std::string file = (folder / "model.safetensors").string();
  std::vector<double> ours, cats, first, tensors;
  volatile std::uint64_t kept = 0;
  for (int round = 0; round < kRounds; ++round) {
    cats.push_back(seconds([&] { run("cat '" + file + "' > /dev/null"); }));
    ours.push_back(seconds([&] { kept = read_all(Weights::open(folder).value()); }));
    first.push_back(seconds([&] {
      const Weights weights = Weights::open(folder).value();
      if (!to_f32(*weights.tensors().front(), values).ok()) std::abort();
    }));
    tensors.push_back(seconds([&] {
      const Weights weights = Weights::open(folder).value();
      for (const TensorView* tensor : weights.tensors()) {
        if (!to_f32(*tensor, values).ok()) std::abort();
      }
    }));
  }
  (void)kept;
  const double size = static_cast<double>(fs::file_size(file)) / 1e6;
  const double cat = median(cats);
  report.add({"read a model of 500 MB, every byte, warm", median(ours) / cat, "of cat",
              "<= " + text("%.1f", kReadGoal),
              text("ours %.0f MB/s, cat %.0f MB/s", size / median(ours), size / cat)});
  report.add({"open it and read its first tensor", median(first) * 1e3, "ms",
              "<= " + text("%.0f", kFirstTensorGoal), ""});
  report.add({"read its tensors as float32 into memory", size / median(tensors), "MB/s", "",
              text("cat %.0f MB/s", size / cat)});
}

}  // namespace

void measure_model_files(Report& report) {
  const fs::path place = make_private_folder(fs::temp_directory_path(), "bench-files-").value();
  std::vector<float> values(static_cast<std::size_t>(kRows * kWidth));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.37F - 9.0F;
  std::vector<double> written, copied;
  constexpr int kWrites = 5;
  for (int round = 0; round < kWrites; ++round) {
    fs::remove_all(place / "model");
    written.push_back(seconds([&] { write_model(place / "model", Dtype::kF32, values); }));
    const std::string source = (place / "model" / "model.safetensors").string();
    const std::string copy = (place / "copy").string();
    copied.push_back(
        seconds([&] { run("cp '" + source + "' '" + copy + "' && sync '" + copy + "'"); }));
    fs::remove(copy);
  }
  measure_reading(report, place / "model", values);
  report.add({"write it, durable", median(written) / median(copied), "of cp", "",
              text("ours %.2f s, cp and sync %.2f s", median(written), median(copied))});
  std::vector<double> narrow;
  for (int round = 0; round < kWrites; ++round) {
    fs::remove_all(place / "narrow");
    narrow.push_back(seconds([&] { write_model(place / "narrow", Dtype::kBf16, values); }));
  }
  report.add({"write it as bfloat16, durable", median(narrow), "s", "",
              text("float32 %.2f s", median(written))});
  std::vector<double> widened;
  for (int round = 0; round < kRounds; ++round) {
    widened.push_back(seconds([&] {
      const Weights weights = Weights::open(place / "narrow").value();
      for (const TensorView* tensor : weights.tensors()) {
        if (!to_f32(*tensor, values).ok()) std::abort();
      }
    }));
  }
  const double size = static_cast<double>(fs::file_size(place / "narrow" / "model.safetensors"));
  report.add({"read bfloat16 as float32", size / 1e6 / median(widened), "MB/s", "",
              text("%.0f ms for %.0f MB", median(widened) * 1e3, size / 1e6)});
  fs::remove_all(place);
}

}  // namespace cairn::bench
