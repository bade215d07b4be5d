// Registration: how a shared library says which stage types it holds.
//
// One CAIRN_PLUGIN per library, after its stages:
//   CAIRN_PLUGIN(cairn::stage_type<A>("a", "What a does"),
//                cairn::stage_type<B>("b", "What b does").revision(2).random())
// It exports one C symbol, cairn_plugin_v1, whose name carries the ABI major and which is a plain
// record: both are checked before any code of the library is trusted.
#pragma once

#include <boost/version.hpp>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "core/sdk/stage_type.h"

#if __has_include(<torch/version.h>) && defined(CAIRN_PLUGIN_USES_TORCH)
#include <torch/version.h>
#define CAIRN_TORCH_VERSION TORCH_VERSION
#else
#define CAIRN_TORCH_VERSION ""
#endif

namespace cairn {

inline constexpr std::uint32_t kPluginAbiMajor = 1;
// Raised with every addition to the SDK; a host takes plugins of its own minor or older.
inline constexpr std::uint32_t kSdkMinor = 0;
inline constexpr const char* kPluginSymbol = "cairn_plugin_v1";

// Plain data, so that a host built otherwise can still read it. size comes first.
struct PluginRecord {
  std::uint32_t size;
  std::uint32_t abi_major;
  std::uint32_t sdk_minor;
  const char* compiler;  // "g++ 12"
  const char* stdlib;    // standard library and its string ABI
  const char* boost;     // BOOST_LIB_VERSION
  const char* torch;     // "" where the plugin uses no LibTorch
  // Appends all stage types, or returns false with the reason in *error; never throws.
  bool (*stage_types)(std::vector<StageType>* types, std::string* error);
};

#define CAIRN_STRINGIFY_INNER(x) #x
#define CAIRN_STRINGIFY(x) CAIRN_STRINGIFY_INNER(x)
#if defined(__clang__)
#define CAIRN_COMPILER "clang++ " CAIRN_STRINGIFY(__clang_major__)
#else
#define CAIRN_COMPILER "g++ " CAIRN_STRINGIFY(__GNUC__)
#endif
#define CAIRN_STDLIB                                                           \
  "libstdc++ " CAIRN_STRINGIFY(_GLIBCXX_RELEASE) " cxx11abi=" CAIRN_STRINGIFY( \
      _GLIBCXX_USE_CXX11_ABI)

}  // namespace cairn

#define CAIRN_PLUGIN(...)                                                                      \
  namespace {                                                                                  \
  bool cairn_register_stage_types(std::vector<cairn::StageType>* types, std::string* error) {  \
    try {                                                                                      \
      *types = {__VA_ARGS__};                                                                  \
      return true;                                                                             \
    } catch (const std::exception& e) {                                                        \
      *error = e.what();                                                                       \
    } catch (...) {                                                                            \
      *error = "an exception of unknown type";                                                 \
    }                                                                                          \
    return false;                                                                              \
  }                                                                                            \
  }                                                                                            \
  extern "C" __attribute__((visibility("default"))) const cairn::PluginRecord cairn_plugin_v1; \
  const cairn::PluginRecord cairn_plugin_v1 = {sizeof(cairn::PluginRecord),                    \
                                               cairn::kPluginAbiMajor,                         \
                                               cairn::kSdkMinor,                               \
                                               CAIRN_COMPILER,                                 \
                                               CAIRN_STDLIB,                                   \
                                               BOOST_LIB_VERSION,                              \
                                               CAIRN_TORCH_VERSION,                            \
                                               &cairn_register_stage_types};
