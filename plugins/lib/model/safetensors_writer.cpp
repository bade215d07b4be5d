#include <cstring>
#include <utility>

#include "core/base/json.h"
#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {
namespace {

std::string header_text(const std::vector<TensorPlan>& plan,
                        const std::map<std::string, std::string>& metadata) {
  json::object header;
  if (!metadata.empty()) {
    json::object object;
    for (const auto& [key, value] : metadata) object[key] = value;
    header["__metadata__"] = std::move(object);
  }
  std::uint64_t at = 0;
  for (const TensorPlan& tensor : plan) {
    std::uint64_t elements = 1;
    for (const std::int64_t size : tensor.shape) elements *= static_cast<std::uint64_t>(size);
    const std::uint64_t end = at + elements * bits_of(tensor.dtype) / 8;
    header[tensor.name] = {{"dtype", to_string(tensor.dtype)},
                           {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                           {"data_offsets", {at, end}}};
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
  std::unique_ptr<AppendFile> file;
  std::vector<TensorPlan> plan;
  std::size_t next = 0;

  // The plan's next tensor if it is the named one with that many elements.
  Result<const TensorPlan*> expect(std::string_view name) {
    if (next >= plan.size()) {
      return internal_error("tensor " + std::string(name) + " is written beyond the plan");
    }
    if (plan[next].name != name) {
      return internal_error("tensor " + std::string(name) + " is written where the plan has " +
                            plan[next].name);
    }
    return &plan[next++];
  }
};

SafetensorsWriter::SafetensorsWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter::~SafetensorsWriter() = default;

Result<SafetensorsWriter> SafetensorsWriter::create(
    const fs::path& path, std::vector<TensorPlan> plan,
    const std::map<std::string, std::string>& metadata) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.remove_all(path));
  auto impl = std::make_unique<Impl>();
  CAIRN_ASSIGN(impl->file, files.open_append(path));
  const std::string header = header_text(plan, metadata);
  const std::uint64_t length = header.size();
  char prefix[8];
  std::memcpy(prefix, &length, sizeof prefix);
  CAIRN_TRY(impl->file->append({prefix, sizeof prefix}));
  CAIRN_TRY(impl->file->append(header));
  impl->plan = std::move(plan);
  return SafetensorsWriter(std::move(impl));
}

Result<void> SafetensorsWriter::write_raw(std::string_view name, std::span<const std::byte> bytes) {
  CAIRN_ASSIGN(const TensorPlan* tensor, impl_->expect(name));
  std::size_t elements = 1;
  for (const std::int64_t size : tensor->shape) elements *= static_cast<std::size_t>(size);
  if (bytes.size() != elements * bits_of(tensor->dtype) / 8) {
    return internal_error("tensor " + tensor->name + " is written with " +
                          std::to_string(bytes.size()) + " bytes, not as planned");
  }
  return impl_->file->append(as_text(bytes));
}

Result<void> SafetensorsWriter::write_f32(std::string_view name, std::span<const float> values) {
  if (impl_->next >= impl_->plan.size()) {
    return internal_error("tensor " + std::string(name) + " is written beyond the plan");
  }
  const Dtype dtype = impl_->plan[impl_->next].dtype;
  if (dtype == Dtype::kF32) return write_raw(name, std::as_bytes(values));
  if (dtype != Dtype::kBf16 && dtype != Dtype::kF16) {
    return invalid_argument("cannot write tensor " + std::string(name) + " as " + to_string(dtype),
                            "use F32, BF16 or F16");
  }
  std::vector<std::uint16_t> narrow(values.size());
  if (dtype == Dtype::kBf16) {
    f32_to_bf16(values, narrow);
  } else {
    f32_to_f16(values, narrow);
  }
  return write_raw(name, std::as_bytes(std::span<const std::uint16_t>(narrow)));
}

Result<void> SafetensorsWriter::finish() {
  if (impl_->next != impl_->plan.size()) {
    return internal_error("tensor " + impl_->plan[impl_->next].name + " was never written");
  }
  return impl_->file->sync();
}

}  // namespace cairn::model
