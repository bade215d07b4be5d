#include "core/plugin/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/base/fd.h"
#include "core/base/text.h"

namespace cairn {
namespace {

// What a plugin may have at most; a library of LibTorch's size stays well below.
constexpr std::uint64_t kMaxSegments = 1024;
constexpr std::uint64_t kMaxDynamicEntries = 4096;
constexpr std::uint64_t kMaxSymbols = 1 << 20;
constexpr std::uint64_t kMaxNameTable = 64 << 20;
// Names may overlap; together they are not longer than this.
constexpr std::uint64_t kMaxNameBytes = 2 * kMaxNameTable;
// Of a hash table, read at once.
constexpr std::uint64_t kChunk = 4096;

#if defined(__x86_64__)
constexpr std::uint16_t kThisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kThisMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kThisMachine = EM_RISCV;
#else
#error "name this machine as elf.h does"
#endif
static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8);

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC 64";
    case EM_386:
      return "x86";
    case EM_ARM:
      return "ARM";
    default:
      return "machine " + std::to_string(machine);
  }
}

std::string file_kind(std::uint16_t type) {
  switch (type) {
    case ET_REL:
      return "an object file, which the linker has yet to make a library of";
    case ET_EXEC:
      return "a program";
    case ET_CORE:
      return "a core dump";
    default:
      return "an ELF file of type " + std::to_string(type);
  }
}

Error not_loadable(std::string reason, std::string hint = {}) {
  return invalid_argument(std::move(reason), std::move(hint));
}

Error cut(const std::string& what) {
  return not_loadable("is no shared library, or only a part of one: " + what,
                      "copy or build it again");
}

Error too_many(const char* what, std::uint64_t count, std::uint64_t most) {
  return not_loadable("is no plugin: it has " + std::to_string(count) + " " + what + ", at most " +
                      std::to_string(most) + " are read");
}

// The first bytes: what the file is at all, before any number in it is believed.
Result<void> check_identity(std::string_view head) {
  if (head.empty()) return not_loadable("is empty");
  if (!head.starts_with(ELFMAG))
    return not_loadable("is not a shared library: it does not begin as one",
                        "a plugin is what the compiler makes of its sources: NAME.so");
  if (head.size() < EI_NIDENT) return cut("it ends within its header");
  if (head[EI_CLASS] == ELFCLASS32)
    return not_loadable("is a 32-bit library, this machine takes 64-bit ones",
                        "rebuild it for this machine");
  if (head[EI_DATA] == ELFDATA2MSB)
    return not_loadable("is a big-endian library, this machine is little-endian",
                        "rebuild it for this machine");
  if (head[EI_CLASS] != ELFCLASS64 || head[EI_DATA] != ELFDATA2LSB ||
      head[EI_VERSION] != EV_CURRENT)
    return cut("its header is damaged");
  return {};
}

// Not mapped: a file that is cut while it is read would end the process.
bool read_fully(int fd, std::uint64_t offset, std::span<char> to) {
  while (!to.empty()) {
    const ssize_t got = ::pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

// Addresses and sizes that the dynamic section names; 0 where it does not.
struct ElfFile::Tables {
  std::uint64_t names = 0;
  std::uint64_t names_size = 0;
  std::uint64_t symbols = 0;
  std::uint64_t symbol_size = 0;
  std::uint64_t hash = 0;
  std::uint64_t gnu_hash = 0;
  std::vector<std::uint64_t> needed;  // offsets of names
};

Result<ElfFile> ElfFile::open(const fs::path& file) {
  const auto opened = std::make_shared<Fd>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened->get() < 0) return io_error("open", file, errno);
  struct stat info {};
  if (::fstat(opened->get(), &info) != 0) return io_error("inspect", file, errno);
  if (!S_ISREG(info.st_mode)) return not_loadable("is not a regular file");
  ElfFile elf([opened](std::uint64_t offset,
                       std::span<char> to) { return read_fully(opened->get(), offset, to); },
              static_cast<std::uint64_t>(info.st_size));
  CAIRN_TRY(elf.parse());
  return elf;
}

Result<ElfFile> ElfFile::from_bytes(std::string_view bytes) {
  ElfFile elf(
      [bytes](std::uint64_t offset, std::span<char> to) {
        if (!to.empty()) std::memcpy(to.data(), bytes.data() + offset, to.size());
        return true;
      },
      bytes.size());
  CAIRN_TRY(elf.parse());
  return elf;
}

template <typename T>
Result<std::vector<T>> ElfFile::read_array(std::uint64_t offset, std::uint64_t count,
                                           const char* what) const {
  if (offset > size_ || count > (size_ - offset) / sizeof(T))
    return cut(std::string(what) + " would lie beyond its end");
  std::vector<T> array(count);
  const std::span<char> bytes(reinterpret_cast<char*>(array.data()), count * sizeof(T));
  if (!read_(offset, bytes)) return cut(std::string(what) + " cannot be read");
  return array;
}

template <typename T>
Result<std::vector<T>> ElfFile::read_at_address(std::uint64_t address, std::uint64_t count,
                                                const char* what) const {
  if (count > size_ / sizeof(T)) return cut(std::string(what) + " would lie beyond its end");
  CAIRN_ASSIGN(const std::uint64_t offset, offset_of(address, count * sizeof(T), what));
  return read_array<T>(offset, count, what);
}

Result<std::uint64_t> ElfFile::offset_of(std::uint64_t address, std::uint64_t bytes,
                                         const char* what) const {
  for (const Segment& segment : segments_) {
    if (address < segment.address) continue;
    const std::uint64_t within = address - segment.address;
    if (within <= segment.bytes && bytes <= segment.bytes - within) return segment.offset + within;
  }
  return cut(std::string(what) + " lies in no part of the file");
}

Result<void> ElfFile::parse() {
  CAIRN_ASSIGN(const auto head,
               read_array<char>(0, std::min<std::uint64_t>(size_, EI_NIDENT), "its header"));
  CAIRN_TRY(check_identity({head.data(), head.size()}));
  CAIRN_ASSIGN(const auto headers, read_array<Elf64_Ehdr>(0, 1, "its header"));
  const Elf64_Ehdr& header = headers[0];
  machine_ = header.e_machine;
  if (machine_ != kThisMachine)
    return not_loadable("was built for " + machine_name(machine_) + ", this machine is " +
                            machine_name(kThisMachine),
                        "rebuild it for this machine");
  if (header.e_type != ET_DYN)
    return not_loadable("is not a shared library but " + file_kind(header.e_type),
                        "link it with -shared");
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return cut("its header is damaged");
  if (header.e_phnum > kMaxSegments) return too_many("segments", header.e_phnum, kMaxSegments);
  CAIRN_ASSIGN(const auto programs,
               read_array<Elf64_Phdr>(header.e_phoff, header.e_phnum, "its table of segments"));
  const Elf64_Phdr* dynamic = nullptr;
  for (const Elf64_Phdr& program : programs) {
    if (program.p_type == PT_DYNAMIC) dynamic = &program;
    if (program.p_type != PT_LOAD) continue;
    if (program.p_offset > size_ || program.p_filesz > size_ - program.p_offset)
      return cut("it has " + format_bytes(size_) + ", its segments need more");
    segments_.push_back({program.p_vaddr, program.p_offset, program.p_filesz});
  }
  if (dynamic == nullptr)
    return not_loadable("is not a shared library: it has no dynamic section",
                        "link it with -shared");
  return parse_dynamic(dynamic->p_offset, dynamic->p_filesz);
}

Result<void> ElfFile::parse_dynamic(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t count = size / sizeof(Elf64_Dyn);
  if (count > kMaxDynamicEntries) return too_many("dynamic entries", count, kMaxDynamicEntries);
  CAIRN_ASSIGN(const auto entries, read_array<Elf64_Dyn>(offset, count, "its dynamic section"));
  Tables tables;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) tables.needed.push_back(entry.d_un.d_val);
    if (entry.d_tag == DT_STRTAB) tables.names = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) tables.names_size = entry.d_un.d_val;
    if (entry.d_tag == DT_SYMTAB) tables.symbols = entry.d_un.d_ptr;
    if (entry.d_tag == DT_SYMENT) tables.symbol_size = entry.d_un.d_val;
    if (entry.d_tag == DT_HASH) tables.hash = entry.d_un.d_ptr;
    if (entry.d_tag == DT_GNU_HASH) tables.gnu_hash = entry.d_un.d_ptr;
  }
  CAIRN_TRY(read_names(tables));
  CAIRN_TRY(read_needed(tables));
  return read_symbols(tables);
}

Result<void> ElfFile::read_names(const Tables& tables) {
  if (tables.names_size > kMaxNameTable)
    return too_many("bytes of names", tables.names_size, kMaxNameTable);
  CAIRN_ASSIGN(names_,
               read_at_address<char>(tables.names, tables.names_size, "its table of names"));
  if (names_.empty() || names_.back() != '\0') return cut("its table of names has no end");
  return {};
}

// The table ends with a zero byte, and so does every name in it.
Result<std::string_view> ElfFile::name_at(std::uint64_t offset) const {
  if (offset >= names_.size()) return cut("a name lies beyond the table of names");
  return std::string_view(names_.data() + offset);
}

Result<void> ElfFile::read_needed(const Tables& tables) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t offset : tables.needed) {
    CAIRN_ASSIGN(const std::string_view name, name_at(offset));
    bytes += name.size();
    if (bytes > kMaxNameBytes) return too_many("bytes of names", bytes, kMaxNameBytes);
    needed_.emplace_back(name);
  }
  return {};
}

Result<std::uint64_t> ElfFile::count_symbols(const Tables& tables) const {
  if (tables.hash != 0) {
    CAIRN_ASSIGN(const auto head, read_at_address<std::uint32_t>(tables.hash, 2, "its hash table"));
    return head[1];  // as many chains as symbols
  }
  if (tables.gnu_hash != 0) return count_hashed(tables.gnu_hash);
  return std::uint64_t{0};
}

// A GNU hash table: four numbers, a filter of 64-bit words, a bucket for each hash with the first
// symbol of its chain, and the chains, the last value of each odd. The chain that begins last ends
// with the last symbol.
Result<std::uint64_t> ElfFile::count_hashed(std::uint64_t address) const {
  const char* const what = "its hash table";
  CAIRN_ASSIGN(const auto head, read_at_address<std::uint32_t>(address, 4, what));
  const std::uint64_t buckets = head[0];
  const std::uint64_t first = head[1];
  const std::uint64_t filter = head[2];
  if (buckets > kMaxSymbols || filter > kMaxSymbols)
    return too_many("hash buckets", std::max(buckets, filter), kMaxSymbols);
  address += 4 * sizeof(std::uint32_t) + filter * sizeof(std::uint64_t);
  CAIRN_ASSIGN(const auto begins, read_at_address<std::uint32_t>(address, buckets, what));
  std::uint64_t last = begins.empty() ? 0 : *std::max_element(begins.begin(), begins.end());
  if (last < first) return first;
  const std::uint64_t chains = address + buckets * sizeof(std::uint32_t);
  for (;;) {
    if (last >= kMaxSymbols) return too_many("symbols", last, kMaxSymbols);
    const std::uint64_t at = chains + (last - first) * sizeof(std::uint32_t);
    // The chains may end before a whole chunk does.
    std::uint64_t count = kChunk;
    while (count > 1 && !offset_of(at, count * sizeof(std::uint32_t), what).ok()) count /= 2;
    CAIRN_ASSIGN(const auto values, read_at_address<std::uint32_t>(at, count, what));
    for (const std::uint32_t value : values) {
      ++last;
      if ((value & 1) != 0) return last;
    }
  }
}

Result<void> ElfFile::read_symbols(const Tables& tables) {
  CAIRN_ASSIGN(const std::uint64_t count, count_symbols(tables));
  if (count > kMaxSymbols) return too_many("symbols", count, kMaxSymbols);
  if (count == 0) return {};
  if (tables.symbol_size != sizeof(Elf64_Sym)) return cut("its table of symbols is damaged");
  CAIRN_ASSIGN(const auto table,
               read_at_address<Elf64_Sym>(tables.symbols, count, "its table of symbols"));
  std::uint64_t bytes = 0;
  for (const Elf64_Sym& entry : table) {
    const auto binding = ELF64_ST_BIND(entry.st_info);
    const bool exported = binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
    if (entry.st_shndx == SHN_UNDEF || !exported) continue;
    CAIRN_ASSIGN(const std::string_view name, name_at(entry.st_name));
    bytes += name.size();
    if (bytes > kMaxNameBytes) return too_many("bytes of names", bytes, kMaxNameBytes);
    symbols_.push_back({name, entry.st_value, entry.st_size});
  }
  return {};
}

const ElfFile::Symbol* ElfFile::find(std::string_view name) const {
  const auto found = std::find_if(symbols_.begin(), symbols_.end(),
                                  [&](const Symbol& symbol) { return symbol.name == name; });
  return found == symbols_.end() ? nullptr : &*found;
}

Result<std::string> ElfFile::bytes_of(const Symbol& symbol, std::size_t count) const {
  CAIRN_ASSIGN(const auto bytes, read_at_address<char>(symbol.value, count, "a symbol"));
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace cairn
