#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/json.h"
#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/safetensors.h"
#include "plugins/lib/model/safetensors_header.h"

namespace cairn::model {
namespace {

Result<std::uint64_t> bytes_of(const TensorPlan& tensor) {
  if (const auto bytes = byte_size(tensor.dtype, tensor.shape)) return *bytes;
  return invalid_argument("tensor " + tensor.name +
                          " has a shape whose size is no number of bytes");
}

Result<std::string> header_text(const std::vector<TensorPlan>& plan,
                                const std::map<std::string, std::string>& metadata) {
  json::object header;
  header.reserve(plan.size() + 1);
  if (!metadata.empty()) {
    json::object object;
    for (const auto& [key, value] : metadata) object[key] = value;
    header["__metadata__"] = std::move(object);
  }
  std::uint64_t at = 0;
  for (const TensorPlan& tensor : plan) {
    CAIRN_ASSIGN(const std::uint64_t bytes, bytes_of(tensor));
    std::uint64_t end = 0;
    if (__builtin_add_overflow(at, bytes, &end)) {
      return invalid_argument("the tensors up to " + tensor.name + " have over 2^64 bytes");
    }
    json::object info{{"dtype", to_string(tensor.dtype)},
                      {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                      {"data_offsets", {at, end}}};
    if (tensor.name == "__metadata__" || !header.emplace(tensor.name, std::move(info)).second) {
      return invalid_argument("tensor " + tensor.name + " is planned twice, or has a kept name");
    }
    at = end;
  }
  std::string text = json::serialize(header);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

struct SafetensorsWriter::Impl {
  fs::path path;
  fs::path partial;
  std::unique_ptr<AppendFile> file;
  std::vector<TensorPlan> plan;
  std::size_t next = 0;
  bool published = false;

  ~Impl() {
    file.reset();
    if (!published && !partial.empty()) {
      const Result<void> removed = real_file_system().remove_all(partial);
      static_cast<void>(removed);  // the next writer of this path replaces it
    }
  }

  // The plan's next tensor if it is the named one and takes that many bytes.
  Result<const TensorPlan*> expect(std::string_view name, std::size_t values,
                                   std::optional<std::size_t> bytes) {
    if (next >= plan.size()) {
      return internal_error("tensor " + std::string(name) + " is written beyond the plan");
    }
    const TensorPlan& tensor = plan[next];
    if (tensor.name != name) {
      return internal_error("tensor " + std::string(name) + " is written where the plan has " +
                            tensor.name);
    }
    CAIRN_ASSIGN(const std::uint64_t planned, bytes_of(tensor));
    if ((bytes ? *bytes : values * bits_of(tensor.dtype) / 8) != planned) {
      return internal_error("tensor " + tensor.name + " is written with another size than the " +
                            std::to_string(planned) + " bytes planned");
    }
    return &tensor;
  }

  Result<void> append_narrow(std::span<const float> values, Dtype dtype) {
    constexpr std::size_t kChunk = 1U << 19;
    std::vector<std::uint16_t> narrow(std::min(values.size(), kChunk));
    for (std::size_t at = 0; at < values.size(); at += kChunk) {
      const std::span<const float> part = values.subspan(at, std::min(kChunk, values.size() - at));
      const std::span<std::uint16_t> to(narrow.data(), part.size());
      if (dtype == Dtype::kBf16) {
        f32_to_bf16(part, to);
      } else {
        f32_to_f16(part, to);
      }
      CAIRN_TRY(file->append(as_text(std::as_bytes(to))));
    }
    return {};
  }
};

SafetensorsWriter::SafetensorsWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter::~SafetensorsWriter() = default;

Result<SafetensorsWriter> SafetensorsWriter::create(
    const fs::path& path, std::vector<TensorPlan> plan,
    const std::map<std::string, std::string>& metadata) {
  CAIRN_ASSIGN(const std::string header, header_text(plan, metadata));
  FileSystem& files = real_file_system();
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->plan = std::move(plan);
  impl->partial = path;
  impl->partial += ".partial";
  CAIRN_TRY(files.remove_all(impl->partial));
  CAIRN_ASSIGN(impl->file, files.open_append(impl->partial));
  const std::uint64_t length = header.size();
  char prefix[8];
  std::memcpy(prefix, &length, sizeof prefix);
  CAIRN_TRY(impl->file->append({prefix, sizeof prefix}));
  CAIRN_TRY(impl->file->append(header));
  return SafetensorsWriter(std::move(impl));
}

Result<void> SafetensorsWriter::write_raw(std::string_view name, std::span<const std::byte> bytes) {
  CAIRN_TRY(impl_->expect(name, 0, bytes.size()));
  CAIRN_TRY(impl_->file->append(as_text(bytes)));
  ++impl_->next;
  return {};
}

Result<void> SafetensorsWriter::write_f32(std::string_view name, std::span<const float> values) {
  CAIRN_ASSIGN(const TensorPlan* tensor, impl_->expect(name, values.size(), std::nullopt));
  if (tensor->dtype == Dtype::kF32) return write_raw(name, std::as_bytes(values));
  if (tensor->dtype != Dtype::kBf16 && tensor->dtype != Dtype::kF16) {
    return invalid_argument(
        "cannot write tensor " + std::string(name) + " as " + to_string(tensor->dtype),
        "use F32, BF16 or F16");
  }
  CAIRN_TRY(impl_->append_narrow(values, tensor->dtype));
  ++impl_->next;
  return {};
}

Result<void> SafetensorsWriter::seal() {
  if (impl_->next != impl_->plan.size()) {
    return internal_error("tensor " + impl_->plan[impl_->next].name + " was never written");
  }
  return impl_->file->sync();
}

Result<void> SafetensorsWriter::publish() {
  CAIRN_TRY(real_file_system().rename(impl_->partial, impl_->path));
  impl_->published = true;
  return {};
}

Result<void> SafetensorsWriter::finish() {
  CAIRN_TRY(seal());
  return publish();
}

}  // namespace cairn::model
