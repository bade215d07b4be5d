#include "plugins/lib/model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/mapped_file.h"
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

// The archives of torch.save (ZIP), and what it and others write without one.
bool is_pickled(std::span<const std::byte> bytes) {
  constexpr std::string_view kZip = "PK\x03\x04";
  constexpr unsigned char kProtocol = 0x80;  // the first opcode, with the version after it
  constexpr unsigned char kNewest = 5;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kZip.size()));
  // A file of tensors whose header has such a length.
  if (bytes.size() > 8 && bytes[8] == std::byte{'{'}) return false;
  if (text.size() < 2) return false;
  const auto version = static_cast<unsigned char>(text[1]);
  return text == kZip ||
         (static_cast<unsigned char>(text[0]) == kProtocol && version >= 2 && version <= kNewest);
}

}  // namespace

const char* to_string(Dtype dtype) {
  return info_of(dtype).name;
}

const char* config_name(Dtype dtype) {
  return info_of(dtype).config_name;
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

namespace {

// Values may begin at any byte of the map: they are copied, some at a time, before they are read as
// numbers.
template <typename T, typename Widen>
void widen(std::span<const std::byte> from, std::span<float> to, const Widen& convert) {
  constexpr std::size_t kChunk = 2048;
  T values[kChunk];
  for (std::size_t at = 0; at < to.size(); at += kChunk) {
    const std::size_t count = std::min(kChunk, to.size() - at);
    std::memcpy(values, from.data() + at * sizeof(T), count * sizeof(T));
    convert(std::span<const T>(values, count), to.subspan(at, count));
  }
}

}  // namespace

Result<void> to_f32(const TensorView& view, std::span<float> to) {
  const std::string called =
      "tensor " + view.name + (view.file.empty() ? "" : " of " + std::string(view.file));
  if (static_cast<std::int64_t>(to.size()) != view.elements()) {
    return internal_error(called + " is read into memory of another size");
  }
  switch (view.dtype) {
    case Dtype::kF32:
      if (!to.empty()) std::memcpy(to.data(), view.data.data(), view.data.size());
      return {};
    case Dtype::kF64:
      widen<double>(view.data, to, [](std::span<const double> from, std::span<float> out) {
        for (std::size_t i = 0; i < from.size(); ++i) out[i] = static_cast<float>(from[i]);
      });
      return {};
    case Dtype::kBf16:
      widen<std::uint16_t>(view.data, to, [](auto from, auto out) { bf16_to_f32(from, out); });
      return {};
    case Dtype::kF16:
      widen<std::uint16_t>(view.data, to, [](auto from, auto out) { f16_to_f32(from, out); });
      return {};
    default:
      return invalid_argument(called + " has the dtype " + to_string(view.dtype) +
                                  ", which is no floating-point format that Cairn computes with",
                              "convert the checkpoint to BF16, F16 or F32");
  }
}

Result<std::vector<float>> to_f32(const TensorView& view) {
  std::vector<float> values(static_cast<std::size_t>(view.elements()));
  CAIRN_TRY(to_f32(view, values));
  return values;
}

struct SafetensorsFile::Impl {
  std::string path;
  MappedFile file;
  std::vector<TensorView> tensors;
  std::map<std::string, std::size_t, std::less<>> by_name;
  std::map<std::string, std::string> metadata;

  Result<void> read_header() {
    const std::span<const std::byte> bytes = file.bytes();
    if (bytes.size() < 8) return corrupt("too short for the length of a header");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > kMaxHeader) return corrupt("the header's length is over 100 MB");
    if (length > bytes.size() - 8) {
      return corrupt("the header's length, " + std::to_string(length) +
                     ", is past the end of the file, at " + std::to_string(bytes.size()));
    }
    const std::span<const std::byte> data = bytes.subspan(8 + length);
    CAIRN_ASSIGN(Header header, parse_header({reinterpret_cast<const char*>(bytes.data()) + 8,
                                              static_cast<std::size_t>(length)}));
    CAIRN_TRY(check_layout(header, data.size()));
    for (HeaderTensor& tensor : header.tensors) {
      by_name.emplace(tensor.name, tensors.size());
      tensors.push_back({std::move(tensor.name), tensor.dtype, std::move(tensor.shape),
                         data.subspan(tensor.begin, tensor.end - tensor.begin), path});
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
  impl->path = path.string();
  CAIRN_ASSIGN(impl->file, MappedFile::open(path));
  if (auto read = impl->read_header(); !read.ok()) {
    Error error =
        with_context(std::move(read).error(), impl->path + " is no valid safetensors file");
    if (is_pickled(impl->file.bytes())) error.hint = conversion_of_pickled(impl->path);
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

}  // namespace cairn::model
