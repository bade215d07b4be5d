#include "plugins/lib/model/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/json.h"
#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/safetensors_header.h"

static_assert(std::endian::native == std::endian::little, "tensors are read in place");

namespace cairn::model {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;

struct DtypeInfo {
  Dtype dtype;
  const char* name;
  const char* config_name;  // as in config.json; empty where no config says it
  std::size_t bits;
};
constexpr DtypeInfo kDtypes[] = {
    {Dtype::kBool, "BOOL", "bool", 8},      {Dtype::kF4, "F4", "", 4},
    {Dtype::kF6E2M3, "F6_E2M3", "", 6},     {Dtype::kF6E3M2, "F6_E3M2", "", 6},
    {Dtype::kU8, "U8", "uint8", 8},         {Dtype::kI8, "I8", "int8", 8},
    {Dtype::kF8E5M2, "F8_E5M2", "", 8},     {Dtype::kF8E4M3, "F8_E4M3", "", 8},
    {Dtype::kF8E8M0, "F8_E8M0", "", 8},     {Dtype::kI16, "I16", "int16", 16},
    {Dtype::kU16, "U16", "uint16", 16},     {Dtype::kF16, "F16", "float16", 16},
    {Dtype::kBf16, "BF16", "bfloat16", 16}, {Dtype::kI32, "I32", "int32", 32},
    {Dtype::kU32, "U32", "uint32", 32},     {Dtype::kF32, "F32", "float32", 32},
    {Dtype::kC64, "C64", "complex64", 64},  {Dtype::kF64, "F64", "float64", 64},
    {Dtype::kI64, "I64", "int64", 64},      {Dtype::kU64, "U64", "uint64", 64},
};

const DtypeInfo& info_of(Dtype dtype) {
  return kDtypes[static_cast<std::size_t>(dtype)];
}

}  // namespace

const char* to_string(Dtype dtype) {
  return info_of(dtype).name;
}

std::size_t bits_of(Dtype dtype) {
  return info_of(dtype).bits;
}

Result<Dtype> dtype_from_name(std::string_view name) {
  for (const DtypeInfo& info : kDtypes) {
    if (name == info.name || (!name.empty() && name == info.config_name)) return info.dtype;
  }
  return invalid_argument("unknown dtype \"" + std::string(name) + "\"",
                          "use float32, bfloat16 or float16");
}

std::int64_t TensorView::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

Result<void> to_f32(const TensorView& view, std::span<float> to) {
  if (static_cast<std::int64_t>(to.size()) != view.elements()) {
    return internal_error("tensor " + view.name + " is read into memory of another size");
  }
  // Data may begin at any byte of the map, so it is copied before it is read as numbers.
  if (view.dtype == Dtype::kF32) {
    if (!to.empty()) std::memcpy(to.data(), view.data.data(), view.data.size());
    return {};
  }
  if (view.dtype == Dtype::kF64) {
    for (std::size_t i = 0; i < to.size(); ++i) {
      double value = 0;
      std::memcpy(&value, view.data.data() + i * sizeof value, sizeof value);
      to[i] = static_cast<float>(value);
    }
    return {};
  }
  if (view.dtype != Dtype::kBf16 && view.dtype != Dtype::kF16) {
    return invalid_argument("tensor " + view.name + " has the dtype " + to_string(view.dtype) +
                                ", which is no floating-point format that Cairn computes with",
                            "convert the checkpoint to BF16, F16 or F32");
  }
  const bool bf16 = view.dtype == Dtype::kBf16;
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, view.data.data() + i * sizeof bits, sizeof bits);
    to[i] = bf16 ? bf16_to_f32(bits) : f16_to_f32(bits);
  }
  return {};
}

Result<std::vector<float>> to_f32(const TensorView& view) {
  std::vector<float> values(static_cast<std::size_t>(view.elements()));
  CAIRN_TRY(to_f32(view, values));
  return values;
}

struct SafetensorsFile::Impl {
  void* map = nullptr;
  std::size_t bytes = 0;
  std::vector<TensorView> tensors;
  std::map<std::string, std::size_t, std::less<>> by_name;
  std::map<std::string, std::string> metadata;

  ~Impl() {
    if (map != nullptr) ::munmap(map, bytes);
  }

  Result<void> open(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error("open", path.string(), errno);
    struct stat status {};
    const bool known = ::fstat(fd, &status) == 0;
    bytes = static_cast<std::size_t>(status.st_size);
    if (known && S_ISREG(status.st_mode) && bytes > 0) {
      map = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    const int error = errno;
    ::close(fd);
    if (!known || map == MAP_FAILED) {
      map = nullptr;
      return io_error("map", path.string(), error);
    }
    if (!S_ISREG(status.st_mode)) return invalid_argument(path.string() + " is no regular file");
    return read_header();
  }

  Result<void> read_header() {
    if (bytes < 8) return corrupt("too short for the length of a header");
    std::uint64_t length = 0;
    std::memcpy(&length, map, sizeof length);
    if (length > kMaxHeader) return corrupt("the header's length is over 100 MB");
    if (length > bytes - 8) return corrupt("the header's length is past the end of the file");
    const auto* begin = static_cast<const char*>(map) + 8;
    CAIRN_ASSIGN(Header header, parse_header({begin, static_cast<std::size_t>(length)}));
    CAIRN_TRY(check_layout(header, bytes - 8 - length));
    const auto* data = reinterpret_cast<const std::byte*>(begin + length);
    for (HeaderTensor& tensor : header.tensors) {
      by_name.emplace(tensor.name, tensors.size());
      tensors.push_back(
          {std::move(tensor.name),
           tensor.dtype,
           std::move(tensor.shape),
           {data + tensor.begin, static_cast<std::size_t>(tensor.end - tensor.begin)}});
    }
    metadata = std::move(header.metadata);
    return {};
  }
};

SafetensorsFile::SafetensorsFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;
SafetensorsFile::~SafetensorsFile() = default;

Result<SafetensorsFile> SafetensorsFile::open(const fs::path& path) {
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open(path); !opened.ok()) {
    Error error = std::move(opened).error();
    if (error.code == ErrorCode::kCorrupt) {
      error.message = path.string() + " is no valid safetensors file: " + error.message;
    }
    return error;
  }
  return SafetensorsFile(std::move(impl));
}

const std::vector<TensorView>& SafetensorsFile::tensors() const {
  return impl_->tensors;
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = impl_->by_name.find(name);
  return found == impl_->by_name.end() ? nullptr : &impl_->tensors[found->second];
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return impl_->metadata;
}

Result<Weights> Weights::open(const fs::path& model_folder) {
  std::vector<std::string> names = {"model.safetensors"};
  const fs::path index = model_folder / "model.safetensors.index.json";
  std::error_code ignored;
  std::map<std::string, std::string> shard_of;
  if (!fs::exists(model_folder / names.front(), ignored) && fs::exists(index, ignored)) {
    CAIRN_ASSIGN(const std::string text, real_file_system().read(index));
    auto parsed = parse_json_object(text);
    if (!parsed.ok()) return with_context(std::move(parsed).error(), index.string());
    CAIRN_ASSIGN(const json::object* map, get_object(*parsed, "weight_map"));
    names.clear();
    for (const auto& [tensor, file] : *map) {
      if (!file.is_string() || file.get_string().find('/') != json::string::npos) {
        return corrupt(index.string() + ": the shard of " + std::string(tensor) +
                       " is no file name");
      }
      shard_of.emplace(tensor, file.get_string());
      names.emplace_back(file.get_string());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  Weights weights;
  for (const std::string& name : names) {
    CAIRN_ASSIGN(SafetensorsFile file, SafetensorsFile::open(model_folder / name));
    for (const TensorView& tensor : file.tensors()) {
      if (!weights.by_name_.emplace(tensor.name, &tensor).second) {
        return corrupt("tensor " + tensor.name + " is in two shards of " + model_folder.string());
      }
    }
    weights.files_.push_back(std::move(file));
  }
  for (const auto& [tensor, file] : shard_of) {
    if (weights.find(tensor) == nullptr) {
      return corrupt("tensor " + tensor + " is not in " + file + ", where the index says");
    }
  }
  return weights;
}

const TensorView* Weights::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<const TensorView*> Weights::tensors() const {
  std::vector<const TensorView*> all;
  for (const auto& [name, tensor] : by_name_) all.push_back(tensor);
  return all;
}

}  // namespace cairn::model
