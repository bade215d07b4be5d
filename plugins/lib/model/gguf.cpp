#include "plugins/lib/model/gguf.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "core/base/text.h"
#include "plugins/lib/model/gguf_types.h"

static_assert(std::endian::native == std::endian::little, "values are read in place");

namespace cairn::model {
namespace {

constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = 1U << 20;
constexpr std::uint32_t kMaxDimensions = 4;

// Bytes of one element; 0 for those that have no fixed size.
std::uint64_t fixed_size(GgufKind kind) {
  switch (kind) {
    case GgufKind::kU8:
    case GgufKind::kI8:
    case GgufKind::kBool:
      return 1;
    case GgufKind::kU16:
    case GgufKind::kI16:
      return 2;
    case GgufKind::kU32:
    case GgufKind::kI32:
    case GgufKind::kF32:
      return 4;
    case GgufKind::kU64:
    case GgufKind::kI64:
    case GgufKind::kF64:
      return 8;
    case GgufKind::kString:
    case GgufKind::kArray:
      return 0;
  }
  return 0;
}

double shortest(float value) {
  if (!std::isfinite(value)) return value;
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double out = value;
  std::from_chars(text, end, out);
  return out;
}

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// A number of a fixed size.
GgufValue load_value(GgufKind kind, const std::byte* from) {
  switch (kind) {
    case GgufKind::kU8:
      return std::uint64_t{load<std::uint8_t>(from)};
    case GgufKind::kI8:
      return std::int64_t{load<std::int8_t>(from)};
    case GgufKind::kU16:
      return std::uint64_t{load<std::uint16_t>(from)};
    case GgufKind::kI16:
      return std::int64_t{load<std::int16_t>(from)};
    case GgufKind::kU32:
      return std::uint64_t{load<std::uint32_t>(from)};
    case GgufKind::kI32:
      return std::int64_t{load<std::int32_t>(from)};
    case GgufKind::kF32:
      return shortest(load<float>(from));
    case GgufKind::kBool:
      return load<std::uint8_t>(from) != 0;
    case GgufKind::kI64:
      return load<std::int64_t>(from);
    case GgufKind::kF64:
      return load<double>(from);
    case GgufKind::kU64:
    default:
      return load<std::uint64_t>(from);
  }
}

const char* kind_name(const GgufValue& value) {
  static constexpr const char* kNames[] = {"an unsigned integer", "an integer", "a number",
                                           "a truth value",       "a text",     "an array"};
  return kNames[value.index()];
}

std::optional<std::int64_t> as_natural(const GgufValue& value) {
  if (const auto* n = std::get_if<std::uint64_t>(&value)) {
    if (*n <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return static_cast<std::int64_t>(*n);
    }
  } else if (const auto* i = std::get_if<std::int64_t>(&value); i != nullptr && *i >= 0) {
    return *i;
  }
  return {};
}

}  // namespace

// The cursor stands after what was read; nothing past the end is ever touched.
class GgufParser {
 public:
  explicit GgufParser(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<GgufFile> parse() {
    GgufFile file;
    if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "GGUF", 4) != 0) {
      return corrupt("it does not begin with \"GGUF\"");
    }
    at_ = 4;
    CAIRN_ASSIGN(const auto version, number<std::uint32_t>("the version"));
    if (version != 3) {
      return invalid_argument("it has GGUF version " + std::to_string(version),
                              "Cairn reads version 3, little-endian");
    }
    CAIRN_ASSIGN(const auto tensors, number<std::uint64_t>("the number of tensors"));
    CAIRN_ASSIGN(const auto keys, number<std::uint64_t>("the number of keys"));
    CAIRN_TRY(read_metadata(file.metadata_, keys));
    CAIRN_TRY(read_tensors(file, tensors));
    CAIRN_TRY(place_data(file));
    return file;
  }

 private:
  struct Place {
    std::uint64_t begin = 0;  // in the data section
    std::uint64_t end = 0;
    std::size_t tensor = 0;
  };

  [[nodiscard]] Error fail(const std::string& what) const {
    return corrupt(what + " (byte " + std::to_string(at_) + " of " + std::to_string(bytes_.size()) +
                   ")");
  }
  [[nodiscard]] std::uint64_t left() const { return bytes_.size() - at_; }

  template <typename T>
  Result<T> number(const char* what) {
    if (left() < sizeof(T)) return fail(std::string("the file ends before ") + what);
    const T value = load<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }

  Result<std::string_view> string(const char* what) {
    CAIRN_ASSIGN(const auto length, number<std::uint64_t>(what));
    if (length > left()) {
      return fail(std::string(what) + " has " + std::to_string(length) +
                  " bytes, more than are left");
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + at_, length);
    at_ += length;
    return text;
  }

  Result<std::string> name(const char* what) {
    CAIRN_ASSIGN(const std::string_view text, string(what));
    if (text.empty() || !is_valid_utf8(text)) return fail(std::string(what) + " is no UTF-8 text");
    return std::string(text);
  }

  Result<GgufKind> kind() {
    CAIRN_ASSIGN(const auto number_of_kind, number<std::uint32_t>("the kind of a value"));
    if (number_of_kind > static_cast<std::uint32_t>(GgufKind::kF64)) {
      return fail("unknown kind of value " + std::to_string(number_of_kind));
    }
    return static_cast<GgufKind>(number_of_kind);
  }

  Result<GgufValue> array() {
    GgufArray array;
    CAIRN_ASSIGN(array.kind, kind());
    if (array.kind == GgufKind::kArray) return fail("an array of arrays");
    CAIRN_ASSIGN(array.count, number<std::uint64_t>("the length of an array"));
    const std::uint64_t least = std::max<std::uint64_t>(fixed_size(array.kind), 1);
    const std::uint64_t needed = array.kind == GgufKind::kString ? sizeof(std::uint64_t) : least;
    if (array.count > left() / needed) {
      return fail("an array of " + std::to_string(array.count) + " elements, more than are left");
    }
    const std::size_t begin = at_;
    if (array.kind == GgufKind::kString) {
      for (std::uint64_t i = 0; i < array.count; ++i) CAIRN_TRY(string("a text of an array"));
    } else {
      at_ += array.count * needed;
    }
    array.bytes = bytes_.subspan(begin, at_ - begin);
    return GgufValue(array);
  }

  Result<GgufValue> value() {
    CAIRN_ASSIGN(const GgufKind of, kind());
    if (of == GgufKind::kArray) return array();
    if (of == GgufKind::kString) {
      CAIRN_ASSIGN(const std::string_view text, string("a text"));
      return GgufValue(text);
    }
    const std::uint64_t size = fixed_size(of);
    if (size > left()) return fail("the file ends in a value");
    const std::byte* from = bytes_.data() + at_;
    if (of == GgufKind::kBool && load<std::uint8_t>(from) > 1) return fail("a bool over 1");
    at_ += size;
    return load_value(of, from);
  }

  Result<void> read_metadata(GgufFile::Metadata& metadata, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      CAIRN_ASSIGN(std::string key, name("the name of a key"));
      auto read = value();
      if (!read.ok()) return with_context(std::move(read).error(), "key \"" + key + "\"");
      if (!metadata.emplace(key, *read).second) return fail("the key \"" + key + "\" stands twice");
    }
    return {};
  }

  Result<void> read_tensors(GgufFile& file, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      CAIRN_ASSIGN(std::string called, name("the name of a tensor"));
      if (auto read = read_tensor(file, called); !read.ok()) {
        return with_context(std::move(read).error(), "tensor \"" + called + "\"");
      }
    }
    return {};
  }

  Result<void> read_tensor(GgufFile& file, const std::string& called) {
    GgufTensor tensor;
    tensor.name = called;
    CAIRN_ASSIGN(const auto dimensions, number<std::uint32_t>("its dimensions"));
    if (dimensions < 1 || dimensions > kMaxDimensions) {
      return fail(std::to_string(dimensions) + " dimensions; 1 to 4 are possible");
    }
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      CAIRN_ASSIGN(const auto size, number<std::uint64_t>("its shape"));
      constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (size == 0 || __builtin_mul_overflow(elements, size, &elements) || elements > kMost) {
        return fail("a dimension of " + std::to_string(size) + ": no possible number of values");
      }
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(size));
    }
    CAIRN_ASSIGN(const auto type, number<std::uint32_t>("its type"));
    const GgufTypeInfo* info = gguf_type(type);
    if (info == nullptr) {
      return invalid_argument("the type " + gguf_type_name(type) + " is not read",
                              "convert it to F32, F16, BF16, Q8_0, Q4_0 or Q4_1 first");
    }
    tensor.type = info->type;
    if (tensor.row_size() % info->block != 0) {
      return fail("rows of " + std::to_string(tensor.row_size()) +
                  " values are no whole blocks of " + info->name);
    }
    Place place;
    CAIRN_ASSIGN(place.begin, number<std::uint64_t>("its offset"));
    std::uint64_t size = 0;
    if (__builtin_mul_overflow(elements / static_cast<std::uint64_t>(info->block), info->bytes,
                               &size) ||
        __builtin_add_overflow(place.begin, size, &place.end)) {
      return fail("its size does not fit into 64 bits");
    }
    place.tensor = file.tensors_.size();
    places_.push_back(place);
    if (!file.by_name_.emplace(called, place.tensor).second) return fail("the name stands twice");
    file.tensors_.push_back(std::move(tensor));
    return {};
  }

  Result<std::uint64_t> alignment(const GgufFile& file) {
    if (!file.has("general.alignment")) return kDefaultAlignment;
    CAIRN_ASSIGN(const std::int64_t value, file.integer("general.alignment"));
    const auto bytes = static_cast<std::uint64_t>(value);
    if (!std::has_single_bit(bytes) || bytes > kMaxAlignment) {
      return corrupt("general.alignment is " + std::to_string(bytes) + ", no power of two up to " +
                     std::to_string(kMaxAlignment));
    }
    return bytes;
  }

  Result<void> place_data(GgufFile& file) {
    CAIRN_ASSIGN(const std::uint64_t unit, alignment(file));
    const std::uint64_t begin = (at_ + unit - 1) / unit * unit;
    const std::span<const std::byte> data =
        begin <= bytes_.size() ? bytes_.subspan(begin) : std::span<const std::byte>();
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::pair(a.begin, a.tensor) < std::pair(b.begin, b.tensor);
    });
    std::uint64_t taken = 0;
    for (const Place& place : places_) {
      GgufTensor& tensor = file.tensors_[place.tensor];
      const std::string called = "tensor \"" + tensor.name + "\"";
      if (place.begin % unit != 0) {
        return corrupt(called + " begins at " + std::to_string(place.begin) +
                       ", no multiple of general.alignment, " + std::to_string(unit));
      }
      if (place.begin < taken) {
        return corrupt(called + " begins at " + std::to_string(place.begin) +
                       ", the one before ends at " + std::to_string(taken));
      }
      if (place.end > data.size()) {
        return corrupt(called + " ends at byte " + std::to_string(place.end) + " of " +
                           std::to_string(data.size()) + " bytes of data",
                       "the file is cut short: copy it anew");
      }
      tensor.data = data.subspan(place.begin, place.end - place.begin);
      taken = place.end;
    }
    return {};
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::vector<Place> places_;  // one per tensor
};

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes) {
  return GgufParser(bytes).parse();
}

Result<GgufFile> GgufFile::open(const fs::path& path) {
  CAIRN_ASSIGN(MappedFile map, MappedFile::open(path));
  auto file = parse(map.bytes());
  if (!file.ok()) {
    return with_context(std::move(file).error(), path.string() + " cannot be read as GGUF");
  }
  file->file_ = std::move(map);
  return file;
}

const GgufTensor* GgufFile::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

namespace {

template <typename T>
Result<const T*> value_of(const GgufFile& file, std::string_view key, const char* wanted) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return corrupt("the key " + std::string(key) + " is missing");
  if (const T* value = std::get_if<T>(&found->second)) return value;
  return corrupt("the key " + std::string(key) + " holds " + kind_name(found->second) + ", not " +
                 wanted);
}

}  // namespace

Result<std::string> GgufFile::text(std::string_view key) const {
  CAIRN_ASSIGN(const std::string_view* value, value_of<std::string_view>(*this, key, "a text"));
  if (!is_valid_utf8(*value)) return corrupt("the key " + std::string(key) + " is no UTF-8 text");
  return std::string(*value);
}

Result<std::int64_t> GgufFile::integer(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return corrupt("the key " + std::string(key) + " is missing");
  if (const auto value = as_natural(found->second)) return *value;
  return corrupt("the key " + std::string(key) + " holds " + kind_name(found->second) +
                 " that is no integer from 0 to 2^63 - 1");
}

Result<double> GgufFile::number(std::string_view key) const {
  CAIRN_ASSIGN(const double* value, value_of<double>(*this, key, "a floating-point number"));
  return *value;
}

Result<bool> GgufFile::flag(std::string_view key) const {
  CAIRN_ASSIGN(const bool* value, value_of<bool>(*this, key, "a truth value"));
  return *value;
}

Result<std::vector<std::string_view>> GgufFile::texts(std::string_view key) const {
  CAIRN_ASSIGN(const GgufArray* array, value_of<GgufArray>(*this, key, "an array of texts"));
  if (array->kind != GgufKind::kString) {
    return corrupt("the key " + std::string(key) + " holds an array of something else than texts");
  }
  std::vector<std::string_view> out;
  out.reserve(array->count);
  const std::byte* at = array->bytes.data();
  for (std::uint64_t i = 0; i < array->count; ++i) {
    const auto length = load<std::uint64_t>(at);
    at += sizeof length;
    out.emplace_back(reinterpret_cast<const char*>(at), length);
    at += length;
  }
  return out;
}

Result<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const {
  CAIRN_ASSIGN(const GgufArray* array, value_of<GgufArray>(*this, key, "an array of integers"));
  std::vector<std::int64_t> out;
  const std::uint64_t size = fixed_size(array->kind);
  for (std::uint64_t i = 0; size > 0 && i < array->count; ++i) {
    const GgufValue value = load_value(array->kind, array->bytes.data() + i * size);
    const auto natural = as_natural(value);
    if (!natural) break;
    out.push_back(*natural);
  }
  if (out.size() == array->count) return out;
  return corrupt("the key " + std::string(key) + " holds an array of something else than integers");
}

}  // namespace cairn::model
