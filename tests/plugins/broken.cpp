// One source, one fault per library: each FAULT_… is what must not hurt whoever looks at it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "core/sdk/plugin.h"

namespace {

struct Fine : cairn::Stage {
  cairn::Result<void> run(cairn::StageContext&) override { return {}; }
};

[[maybe_unused]] cairn::StageType refuse() {
  throw std::runtime_error("this plugin refuses to register");
}

[[maybe_unused]] bool register_one(std::vector<cairn::StageType>* types, std::string*) {
  types->push_back(cairn::stage_type<Fine>("fine", "Does nothing"));
  return true;
}

}  // namespace

#if defined(FAULT_no_symbol)
extern "C" __attribute__((visibility("default"))) int something_else() {
  return 0;
}
#elif defined(FAULT_wrong_major)
extern "C" __attribute__((visibility("default"))) const cairn::PluginRecord cairn_plugin_v7;
const cairn::PluginRecord cairn_plugin_v7 = {sizeof(cairn::PluginRecord),
                                             7,
                                             0,
                                             CAIRN_COMPILER,
                                             CAIRN_STDLIB,
                                             BOOST_LIB_VERSION,
                                             "",
                                             &register_one};
#elif defined(FAULT_wrong_record)
extern "C" __attribute__((visibility("default"))) const cairn::PluginRecord cairn_plugin_v1;
const cairn::PluginRecord cairn_plugin_v1 = {
    sizeof(cairn::PluginRecord), 1, 99, "g++ 5", "libc++ 3", "1_40", "0.4.0", &register_one};
#elif defined(FAULT_registration_throws)
CAIRN_PLUGIN(refuse())
#elif defined(FAULT_no_stage_types)
extern "C" __attribute__((visibility("default"))) const cairn::PluginRecord cairn_plugin_v1;
const cairn::PluginRecord cairn_plugin_v1 = {
    sizeof(cairn::PluginRecord),
    cairn::kPluginAbiMajor,
    cairn::kSdkMinor,
    CAIRN_COMPILER,
    CAIRN_STDLIB,
    BOOST_LIB_VERSION,
    "",
    [](std::vector<cairn::StageType>*, std::string*) { return true; }};
#else
CAIRN_PLUGIN(cairn::stage_type<Fine>("fine", "Does nothing")
#if defined(FAULT_same_name_twice)
                 ,
             cairn::stage_type<Fine>("fine", "Does nothing, again")
#endif
)
#endif

namespace {

struct OnLoad {
  OnLoad() {
#if defined(FAULT_constructor_hangs)
    for (;;) ::pause();
#elif defined(FAULT_constructor_exits)
    std::exit(3);
#elif defined(FAULT_constructor_crashes)
    std::abort();
#elif defined(FAULT_prints_on_load)
    std::printf("{\"format\": 99}\n\x01\xff");
    std::fflush(stdout);
#endif
  }
};
[[maybe_unused]] const OnLoad on_load;

}  // namespace
