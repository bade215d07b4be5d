// ElfFile on libraries as they are, on parts of one, and on ones with damaged bytes.
#include "core/plugin/elf_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/base/random.h"
#include "core/sdk/plugin.h"

namespace cairn {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const fs::path kPlugin = CAIRN_BINARY_DIR "/test-plugins/none.so";

const fs::path kOldHash = CAIRN_BINARY_DIR "/test-plugins/sysv_hash.so";

const std::string& library_bytes() {
  static const std::string bytes = real_file_system().read(kPlugin).value();
  return bytes;
}

// Where the dynamic section begins.
std::uint64_t dynamic_of(const std::string& bytes) {
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  const auto* programs = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i)
    if (programs[i].p_type == PT_DYNAMIC) return programs[i].p_offset;
  return 0;
}

template <typename T>
std::string with(std::string bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

std::string refusal(const std::string& bytes) {
  const auto elf = ElfFile::from_bytes(bytes);
  return elf.ok() ? "accepted" : elf.error().message;
}

// Whatever the bytes are: an answer, and what it says is in them.
void look_at(const std::string& bytes) {
  const auto elf = ElfFile::from_bytes(bytes);
  if (!elf.ok()) {
    EXPECT_FALSE(elf.error().message.empty());
    return;
  }
  for (const auto& symbol : elf->symbols()) {
    EXPECT_LE(symbol.name.size(), bytes.size());
    const auto found = elf->bytes_of(symbol, sizeof(PluginRecord));
    if (found.ok()) {
      EXPECT_EQ(found->size(), sizeof(PluginRecord));
    }
    EXPECT_FALSE(elf->bytes_of(symbol, bytes.size() + 1).ok());
  }
}

TEST(ElfFileTest, APluginTellsWhatItExportsAndNeeds) {
  const auto elf = ElfFile::open(kPlugin);
  ASSERT_TRUE(elf.ok()) << elf.error().to_string();
  const auto* record = elf->find(kPluginSymbol);
  ASSERT_NE(record, nullptr);
  EXPECT_GE(record->size, sizeof(PluginRecord));
  ASSERT_NE(elf->find(kRegisterSymbol), nullptr);
  EXPECT_EQ(elf->find("cairn_absent"), nullptr) << "what it only uses is not its own";
  EXPECT_THAT(elf->needed(), Contains("libc.so.6"));
  EXPECT_EQ(elf->machine(), reinterpret_cast<const Elf64_Ehdr*>(library_bytes().data())->e_machine);
  const auto bytes = elf->bytes_of(*record, sizeof(PluginRecord));
  ASSERT_TRUE(bytes.ok()) << bytes.error().to_string();
  PluginRecord found{};
  std::memcpy(&found, bytes->data(), sizeof found);
  EXPECT_STREQ(found.magic, CAIRN_PLUGIN_MAGIC);
  EXPECT_STREQ(found.compiler, CAIRN_COMPILER);
}

TEST(ElfFileTest, BothKindsOfHashTableCountTheSymbols) {
  const auto elf = ElfFile::open(kOldHash);
  ASSERT_TRUE(elf.ok()) << elf.error().to_string();
  EXPECT_NE(elf->find(kPluginSymbol), nullptr);
}

TEST(ElfFileTest, AFileForAnotherMachineSaysWhichOne) {
  const std::string& good = library_bytes();
  const auto machine = offsetof(Elf64_Ehdr, e_machine);
  EXPECT_EQ(refusal(good), "accepted");
  EXPECT_THAT(refusal(with<std::uint16_t>(good, machine, EM_PPC64)),
              HasSubstr("was built for PowerPC 64, this machine is "));
  EXPECT_THAT(refusal(with<std::uint16_t>(good, machine, 4711)), HasSubstr("machine 4711"));
  EXPECT_THAT(refusal(with<char>(good, EI_CLASS, ELFCLASS32)), HasSubstr("32-bit"));
  EXPECT_THAT(refusal(with<char>(good, EI_DATA, ELFDATA2MSB)), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_type), ET_REL)),
              HasSubstr("an object file"));
  EXPECT_THAT(refusal(with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_type), ET_EXEC)),
              HasSubstr("a program"));
  EXPECT_THAT(refusal(with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_phnum), 0xffff)),
              HasSubstr("65535 segments"));
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(std::string(4096, '\0')), HasSubstr("does not begin as one"));
  EXPECT_EQ(ElfFile::open(CAIRN_BINARY_DIR "/test-plugins").error().message,
            "is not a regular file");
}

TEST(ElfFileTest, NoPartOfALibraryIsTakenForOne) {
  const std::string& good = library_bytes();
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(good.data());
  const auto* programs = reinterpret_cast<const Elf64_Phdr*>(good.data() + header->e_phoff);
  std::uint64_t loaded = 0;
  for (int i = 0; i < header->e_phnum; ++i)
    if (programs[i].p_type == PT_LOAD)
      loaded = std::max(loaded, programs[i].p_offset + programs[i].p_filesz);
  const std::size_t step = std::max<std::size_t>(1, good.size() / 1500);
  for (std::size_t size = 0; size < good.size(); size += size < 2048 ? 1 : step) {
    const bool taken = ElfFile::from_bytes(std::string_view(good).substr(0, size)).ok();
    EXPECT_EQ(taken, size >= loaded) << "cut at " << size;
  }
}

TEST(ElfFileTest, DamagedBytesAreReadWithoutHarm) {
  const std::string libraries[] = {library_bytes(), real_file_system().read(kOldHash).value()};
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomStream random(seed, "damage");
    std::string bytes = libraries[seed % 2];
    // Tables lie at the beginning of the file and, the dynamic section, near its end.
    const std::pair<std::uint64_t, std::uint64_t> parts[] = {
        {0, 1024}, {0, 8192}, {dynamic_of(bytes), 512}, {0, bytes.size()}};
    for (std::uint64_t flips = 1 + random.below(16); flips > 0; --flips) {
      const auto& [begin, size] = parts[random.below(4)];
      const std::uint64_t values[] = {0, 0xff, 0x7f, random.below(256)};
      bytes[std::min<std::uint64_t>(begin + random.below(size), bytes.size() - 1)] =
          static_cast<char>(values[random.below(4)]);
    }
    look_at(bytes);
    if (::testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace cairn
