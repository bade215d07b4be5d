// The three gates, each with a library that fails it (tests/plugins/broken.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/plugin/describe.h"
#include "core/plugin/library.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kPlugins = CAIRN_BINARY_DIR "/test-plugins";
const fs::path kHost = CAIRN_BINARY_DIR "/bin/cairn-host";

class Folder : public ::testing::Test {
 protected:
  Folder() : folder_(make_private_folder(fs::temp_directory_path(), "gates-").value()) {}
  ~Folder() override { fs::remove_all(folder_); }
  fs::path folder_;
};
using Gates = Folder;

// What a caller sees who lets a child look at the library.
std::string refusal(const fs::path& library, Duration timeout = Duration(60'000)) {
  const auto described = describe_in_child(library, kHost, timeout);
  return described.ok() ? "accepted" : described.error().to_string();
}

TEST_F(Gates, AFileThatIsNoLibrary) {
  for (const std::string content : {"", "text",
                                    "\x7f"
                                    "ELF",
                                    "#!/bin/sh\nexit 0\n"}) {
    const fs::path file = folder_ / "file.so";
    std::ofstream(file) << content;
    EXPECT_THAT(refusal(file), AllOf(HasSubstr(file.string()), HasSubstr("not a shared library")));
  }
  EXPECT_THAT(refusal(folder_ / "absent.so"), HasSubstr("absent.so"));
}

TEST_F(Gates, ACutLibrary) {
  const fs::path file = folder_ / "cut.so";
  fs::copy_file(kPlugins / "probe.so", file);
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THAT(refusal(file), HasSubstr("cut.so"));
}

TEST_F(Gates, ALibraryThatIsNoPlugin) {
  EXPECT_THAT(refusal(kPlugins / "no_symbol.so"), HasSubstr("exports no cairn_plugin_v1"));
}

TEST_F(Gates, APluginOfAnotherAbiMajorIsNamed) {
  EXPECT_THAT(refusal(kPlugins / "wrong_major.so"),
              AllOf(HasSubstr("cairn_plugin_v7"), HasSubstr("cairn_plugin_v1")));
}

TEST_F(Gates, EveryMismatchOfTheRecordInOneMessage) {
  EXPECT_THAT(refusal(kPlugins / "wrong_record.so"),
              AllOf(HasSubstr("SDK minor is 99"), HasSubstr("compiler is g++ 5"),
                    HasSubstr("libc++ 3"), HasSubstr("Boost is 1_40")));
}

TEST_F(Gates, ARecordOfNothing) {
  PluginRecord record{};
  EXPECT_THAT(check_plugin_record(record).error().message, HasSubstr("0 bytes"));
  record.size = sizeof record;
  EXPECT_THAT(check_plugin_record(record).error().message,
              AllOf(HasSubstr("compiler is nothing"), HasSubstr("no function to register")));
}

TEST_F(Gates, RegistrationIsAllOrNothing) {
  EXPECT_THAT(refusal(kPlugins / "registration_throws.so"), HasSubstr("refuses to register"));
  EXPECT_THAT(refusal(kPlugins / "no_stage_types.so"), HasSubstr("no stage type"));
  EXPECT_THAT(refusal(kPlugins / "same_name_twice.so"), HasSubstr("'fine' twice"));
}

TEST_F(Gates, ALibraryWhoseConstructorMisbehavesHurtsOnlyTheChild) {
  EXPECT_THAT(refusal(kPlugins / "constructor_hangs.so", Duration(500)),
              HasSubstr("did not answer within"));
  EXPECT_THAT(refusal(kPlugins / "constructor_exits.so"), HasSubstr("exit code 3"));
  EXPECT_THAT(refusal(kPlugins / "constructor_crashes.so"), HasSubstr("SIGABRT"));
}

TEST_F(Gates, WhatALibraryPrintsIsNotTakenForItsManifest) {
  EXPECT_EQ(refusal(kPlugins / "prints_on_load.so"), "accepted");
}

TEST_F(Gates, ALibraryThatAnyoneMayChangeIsRefused) {
  const fs::path file = folder_ / "probe.so";
  fs::copy_file(kPlugins / "probe.so", file);
  EXPECT_EQ(refusal(file), "accepted");
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal(file), HasSubstr("anyone may write"));
  fs::permissions(file, fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(folder_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal(file), HasSubstr("anyone may replace"));
}

TEST_F(Gates, AFinePluginTellsWhatItHolds) {
  const auto manifest = describe_in_child(kPlugins / "probe.so", kHost, Duration(60'000));
  ASSERT_TRUE(manifest.ok()) << manifest.error().to_string();
  EXPECT_EQ(manifest->digest, hash_file(kPlugins / "probe.so").value());
  ASSERT_EQ(manifest->stages.size(), 5u);
  EXPECT_EQ(manifest->stages[0].name, "probe.count");
  EXPECT_TRUE(manifest->stages[0].random);
  const auto again = library_manifest_from_json(to_json(*manifest));
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(canonical_json(to_json(*again)), canonical_json(to_json(*manifest)));
}

}  // namespace
}  // namespace cairn
