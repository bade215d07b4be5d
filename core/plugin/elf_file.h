// ElfFile: what the file of a shared library says of itself, read without loading it: no code of
// the library runs, whatever the bytes are.
//
// Read are the tables that the dynamic loader goes by (program headers, the dynamic section and
// what it points to), never the section headers, which a stripped library may lack. Every offset
// and every count is checked against the file; memory and time are bounded by limits of this
// reader, not by what the file claims.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

class ElfFile {
 public:
  // A symbol that the library defines for others.
  struct Symbol {
    std::string_view name;  // of this object
    std::uint64_t value = 0;
    std::uint64_t size = 0;
  };
  // Fills `to` with the bytes at the offset; false where they cannot be read. Not asked for bytes
  // beyond the size.
  using ReadAt = std::function<bool(std::uint64_t offset, std::span<char> to)>;

  // The error says what the file is instead of a library that this machine can load, without its
  // name: "is a 32-bit library, this machine takes 64-bit ones". io errors name it.
  [[nodiscard]] static Result<ElfFile> open(const fs::path& file);
  // bytes outlive it.
  [[nodiscard]] static Result<ElfFile> from_bytes(std::string_view bytes);

  ElfFile(ElfFile&&) = default;
  ElfFile& operator=(ElfFile&&) = default;

  [[nodiscard]] const std::vector<Symbol>& symbols() const { return symbols_; }
  [[nodiscard]] const Symbol* find(std::string_view name) const;
  // Libraries it asks for itself (DT_NEEDED), in order.
  [[nodiscard]] const std::vector<std::string>& needed() const { return needed_; }
  // As in elf.h: EM_X86_64, …
  [[nodiscard]] std::uint16_t machine() const { return machine_; }

  // `count` bytes from a symbol on, as they are in the file; an error where they are not in it.
  [[nodiscard]] Result<std::string> bytes_of(const Symbol& symbol, std::size_t count) const;

 private:
  struct Segment {
    std::uint64_t address;
    std::uint64_t offset;
    std::uint64_t bytes;  // of it in the file
  };
  struct Tables;

  ElfFile(ReadAt read, std::uint64_t size) : read_(std::move(read)), size_(size) {}
  [[nodiscard]] Result<void> parse();
  [[nodiscard]] Result<void> parse_dynamic(std::uint64_t offset, std::uint64_t size);
  [[nodiscard]] Result<void> read_names(const Tables& tables);
  [[nodiscard]] Result<void> read_needed(const Tables& tables);
  [[nodiscard]] Result<void> read_symbols(const Tables& tables);
  [[nodiscard]] Result<std::uint64_t> count_symbols(const Tables& tables) const;
  [[nodiscard]] Result<std::uint64_t> count_hashed(std::uint64_t address) const;
  template <typename T>
  [[nodiscard]] Result<std::vector<T>> read_array(std::uint64_t offset, std::uint64_t count,
                                                  const char* what) const;
  template <typename T>
  [[nodiscard]] Result<std::vector<T>> read_at_address(std::uint64_t address, std::uint64_t count,
                                                       const char* what) const;
  [[nodiscard]] Result<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t bytes,
                                                const char* what) const;
  [[nodiscard]] Result<std::string_view> name_at(std::uint64_t offset) const;

  ReadAt read_;
  std::uint64_t size_ = 0;
  std::uint16_t machine_ = 0;
  std::vector<Segment> segments_;
  std::vector<char> names_;  // the string table; its address is kept by a move
  std::vector<Symbol> symbols_;
  std::vector<std::string> needed_;
};

}  // namespace cairn
