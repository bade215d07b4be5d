// One source, one fault per library: each FAULT_… is what must not hurt whoever looks at it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "core/sdk/plugin.h"

// In a library that is there for the linker only (absent.cpp), and in none at all.
extern "C" int cairn_absent();
namespace nowhere {
int needed(int value);
}

namespace {

struct Fine : cairn::Stage {
  cairn::Result<void> run(cairn::StageContext&) override { return {}; }
};

[[maybe_unused]] cairn::StageType refuse() {
  throw std::runtime_error("this plugin refuses to register");
}

}  // namespace

#if defined(FAULT_wrong_major) || defined(FAULT_wrong_record) || defined(FAULT_wrong_compiler) || \
    defined(FAULT_wrong_boost) || defined(FAULT_wrong_torch) || defined(FAULT_no_register) ||     \
    defined(FAULT_wrong_magic) || defined(FAULT_short_record)
#define FAULT_IN_RECORD

namespace {

template <std::size_t N>
constexpr void put(char (&field)[N], std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) field[i] = i < text.size() ? text[i] : '\0';
}

// The record of this build, but for one thing or for all.
constexpr cairn::PluginRecord broken_record() {
  cairn::PluginRecord record = {CAIRN_PLUGIN_MAGIC,     sizeof(cairn::PluginRecord),
                                cairn::kPluginAbiMajor, cairn::kSdkMinor,
                                CAIRN_COMPILER,         CAIRN_STDLIB,
                                BOOST_LIB_VERSION,      ""};
#if defined(FAULT_wrong_major)
  record.abi_major = 7;
#elif defined(FAULT_wrong_compiler)
  put(record.compiler, "g++ 5");
#elif defined(FAULT_wrong_boost)
  put(record.boost, "1_40");
#elif defined(FAULT_wrong_torch)
  put(record.torch, "0.4.0");
#elif defined(FAULT_wrong_magic)
  put(record.magic, "another");
#elif defined(FAULT_short_record)
  record.size = 20;
#elif defined(FAULT_wrong_record)
  // All but LibTorch, which not every build of the host can compare.
  record.sdk_minor = 99;
  put(record.compiler, "g++ 5");
  put(record.stdlib, "libc++ 3");
  put(record.boost, "1_40");
#endif
  return record;
}

}  // namespace

#if defined(FAULT_wrong_major)
CAIRN_PLUGIN_EXPORT const cairn::PluginRecord cairn_plugin_v7;
const cairn::PluginRecord cairn_plugin_v7 = broken_record();
#else
CAIRN_PLUGIN_EXPORT const cairn::PluginRecord cairn_plugin_v1;
const cairn::PluginRecord cairn_plugin_v1 = broken_record();
#endif
#if !defined(FAULT_no_register)
CAIRN_PLUGIN_EXPORT bool cairn_register_v1(std::vector<cairn::StageType>* types, std::string*) {
  types->push_back(cairn::stage_type<Fine>("fine", "Does nothing"));
  return true;
}
#endif
#elif defined(FAULT_no_symbol)
CAIRN_PLUGIN_EXPORT int something_else() {
  return 0;
}
#elif defined(FAULT_registration_throws)
CAIRN_PLUGIN(refuse())
#elif defined(FAULT_no_stage_types)
CAIRN_PLUGIN()
#elif defined(FAULT_same_name_twice)
CAIRN_PLUGIN(cairn::stage_type<Fine>("fine", "Does nothing"),
             cairn::stage_type<Fine>("fine", "Does nothing, again"))
#elif defined(FAULT_two_libraries)
CAIRN_PLUGIN(cairn::stage_type<Fine>("fine", "Does nothing, elsewhere"),
             cairn::stage_type<Fine>("other", "Is in one library only"))
#else
CAIRN_PLUGIN(cairn::stage_type<Fine>("fine", "Does nothing"))
#endif

namespace {

struct OnLoad {
  OnLoad() {
#if defined(FAULT_IN_RECORD) || defined(FAULT_no_symbol)
    // Never reached: a gate before it is closed.
    std::printf("an initialiser ran\n");
    std::abort();
#elif defined(FAULT_constructor_hangs)
    for (;;) ::pause();
#elif defined(FAULT_constructor_loops)
    for (volatile bool turning = true; turning;) {
    }
#elif defined(FAULT_constructor_throws)
    throw std::runtime_error("thrown before anything was registered");
#elif defined(FAULT_constructor_exits)
    std::exit(3);
#elif defined(FAULT_constructor_crashes)
    std::abort();
#elif defined(FAULT_missing_library)
    cairn_absent();
#elif defined(FAULT_missing_symbol)
    nowhere::needed(1);
#elif defined(FAULT_prints_on_load)
    std::printf("{\"format\": 99}\n\x01\xff");
    std::fflush(stdout);
#endif
  }
};
[[maybe_unused]] const OnLoad on_load;

}  // namespace
