// The gates, each with a library that fails it (tests/plugins/broken.cpp).
#include "core/plugin/gates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/plugin/describe.h"
#include "core/plugin/load_failure.h"

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
  const std::pair<std::string, std::string> files[] = {
      {"", "is empty"},
      {"text", "does not begin as one"},
      {"\x7f"
       "ELF",
       "only a part of one"},
      {"#!/bin/sh\nexit 0\n", "does not begin as one"}};
  for (const auto& [content, reason] : files) {
    const fs::path file = folder_ / "file.so";
    std::ofstream(file) << content;
    EXPECT_THAT(refusal(file), AllOf(HasSubstr(file.string()), HasSubstr(reason)));
  }
  EXPECT_THAT(refusal(folder_ / "absent.so"), HasSubstr("absent.so"));
}

TEST_F(Gates, ACutLibrary) {
  const fs::path file = folder_ / "cut.so";
  fs::copy_file(kPlugins / "probe.so", file);
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("cut.so"), HasSubstr("only a part of one")));
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

// The libraries of these two tests abort in an initialiser.
TEST_F(Gates, ARecordThatCannotBeRead) {
  EXPECT_THAT(refusal(kPlugins / "wrong_magic.so"), HasSubstr("is no record of a plugin"));
  EXPECT_THAT(refusal(kPlugins / "short_record.so"), HasSubstr("its record has 20 bytes"));
  EXPECT_THAT(refusal(kPlugins / "no_register.so"), HasSubstr("but no cairn_register_v1"));
}

TEST_F(Gates, NothingOfALibraryRunsBeforeItHasPassed) {
  for (const char* name :
       {"no_symbol", "no_register", "wrong_major", "wrong_record", "wrong_magic", "short_record"}) {
    const std::string said = refusal(kPlugins / (std::string(name) + ".so"));
    EXPECT_EQ(said.find("initialiser"), std::string::npos) << said;
    EXPECT_EQ(said.find("SIGABRT"), std::string::npos) << said;
  }
}

TEST_F(Gates, AnOlderMinorPassesAndANewerOneDoesNot) {
  EXPECT_EQ(refusal(kPlugins / "older_minor.so"), "accepted");
  EXPECT_THAT(refusal(kPlugins / "newer_minor.so"),
              AllOf(HasSubstr("SDK minor is 1000"), HasSubstr("at most 1 is known here")));
}

TEST_F(Gates, LibTorchIsComparedWhereBothUseIt) {
  PluginBuild host = build_of_this_host();
  host.torch = "2.1.0";
  PluginBuild plugin = host;
  EXPECT_TRUE(check_plugin_build(plugin, host).ok());
  plugin.torch = "";
  EXPECT_TRUE(check_plugin_build(plugin, host).ok());
  plugin.torch = "1.13.0";
  EXPECT_THAT(check_plugin_build(plugin, host).error().message,
              HasSubstr("LibTorch is 1.13.0, not 2.1.0"));
  host.torch = "";
  EXPECT_TRUE(check_plugin_build(plugin, host).ok());
}

TEST_F(Gates, WhatIsMissingIsNamedWithTheWayToFindIt) {
  EXPECT_THAT(refusal(kPlugins / "missing_library.so"),
              AllOf(HasSubstr("it needs the library libcairn_absent.so"), HasSubstr("ldd "),
                    HasSubstr("apt-file search libcairn_absent.so")));
  EXPECT_THAT(
      refusal(kPlugins / "missing_symbol.so"),
      AllOf(HasSubstr("it uses 'nowhere::needed(int)' (_ZN7nowhere6neededEi)"), HasSubstr("ldd ")));
}

TEST_F(Gates, TheLoadersComplaintsInWords) {
  const fs::path library = "/p/x.so";
  const auto why = [&](const std::string& complaint) {
    return explain_load_failure(library, complaint).message;
  };
  EXPECT_EQ(why("libz9.so: cannot open shared object file: No such file or directory"),
            "/p/x.so: cannot be loaded: a library that it needs in turn needs the library "
            "libz9.so, which is not found");
  EXPECT_EQ(why("/usr/lib/libdep.so: undefined symbol: _Z1fv, version V2"),
            "/p/x.so: cannot be loaded: the library /usr/lib/libdep.so, which it needs, uses "
            "'f()' (_Z1fv) in version V2, which no library has that is loaded with it");
  EXPECT_EQ(why("/lib/libc.so.6: version `GLIBC_2.99' not found (required by /p/x.so)"),
            "/p/x.so: cannot be loaded: it needs version GLIBC_2.99 of /lib/libc.so.6, which is "
            "older here");
  EXPECT_EQ(why("/p/x.so: file too short"), "/p/x.so: cannot be loaded: file too short");
}

TEST_F(Gates, RegistrationIsAllOrNothing) {
  EXPECT_THAT(refusal(kPlugins / "registration_throws.so"), HasSubstr("refuses to register"));
  EXPECT_THAT(refusal(kPlugins / "no_stage_types.so"), HasSubstr("no stage type"));
  EXPECT_THAT(refusal(kPlugins / "same_name_twice.so"), HasSubstr("'fine' twice"));
}

TEST_F(Gates, ALibraryWhoseConstructorMisbehavesHurtsOnlyTheChild) {
  EXPECT_THAT(refusal(kPlugins / "constructor_hangs.so", Duration(500)),
              HasSubstr("did not answer within"));
  EXPECT_THAT(refusal(kPlugins / "constructor_loops.so", Duration(500)),
              HasSubstr("did not answer within"));
  EXPECT_THAT(refusal(kPlugins / "constructor_throws.so"),
              HasSubstr("thrown before anything was registered"));
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
  ASSERT_EQ(manifest->stages.size(), 6u);
  EXPECT_EQ(manifest->stages[0].name, "probe.count");
  EXPECT_TRUE(manifest->stages[0].random);
  const auto again = library_manifest_from_json(to_json(*manifest));
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(canonical_json(to_json(*again)), canonical_json(to_json(*manifest)));
}

}  // namespace
}  // namespace cairn
