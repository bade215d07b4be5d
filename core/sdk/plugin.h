// Registration: how a shared library says which stage types it holds.
//
// One CAIRN_PLUGIN per library, after its stages:
//   CAIRN_PLUGIN(cairn::stage_type<A>("a", "What a does"),
//                cairn::stage_type<B>("b", "What b does").revision(2).random())
// It exports two C symbols. cairn_plugin_v1, whose name carries the ABI major, is a plain record:
// both are read from the file, before any code of the library runs. cairn_register_v1 is the
// function that is called once the library is loaded.
#pragma once

#include <boost/version.hpp>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
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
inline constexpr std::uint32_t kSdkMinor = 1;
inline constexpr const char* kPluginSymbol = "cairn_plugin_v1";
inline constexpr const char* kRegisterSymbol = "cairn_register_v1";

// What a library was built with: bytes without a pointer, so that they are the same in the file
// and in memory, and a host built otherwise can read them. Texts end with a zero byte. Never
// reordered; a later minor adds at the end.
struct PluginRecord {
  char magic[8];  // CAIRN_PLUGIN_MAGIC
  std::uint32_t size;
  std::uint32_t abi_major;
  std::uint32_t sdk_minor;
  char compiler[32];  // "g++ 12"
  char stdlib[64];    // standard library and its string ABI
  char boost[16];     // BOOST_LIB_VERSION
  char torch[32];     // "" where the plugin uses no LibTorch
};
static_assert(std::is_trivial_v<PluginRecord> && std::is_standard_layout_v<PluginRecord>);

// Type of cairn_register_v1: appends all stage types, or returns false with the reason in *error;
// never throws.
using RegisterStageTypes = bool(std::vector<StageType>* types, std::string* error);

#define CAIRN_PLUGIN_MAGIC "cairnPL"
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

// The SDK minor a plugin says it needs; a build that keeps to less may say less.
#ifndef CAIRN_PLUGIN_SDK_MINOR
#define CAIRN_PLUGIN_SDK_MINOR cairn::kSdkMinor
#endif

#define CAIRN_PLUGIN_EXPORT extern "C" __attribute__((visibility("default")))

#define CAIRN_PLUGIN(...)                                                          \
  CAIRN_PLUGIN_EXPORT const cairn::PluginRecord cairn_plugin_v1;                   \
  const cairn::PluginRecord cairn_plugin_v1 = {                                    \
      CAIRN_PLUGIN_MAGIC,     sizeof(cairn::PluginRecord),                         \
      cairn::kPluginAbiMajor, CAIRN_PLUGIN_SDK_MINOR,                              \
      CAIRN_COMPILER,         CAIRN_STDLIB,                                        \
      BOOST_LIB_VERSION,      CAIRN_TORCH_VERSION};                                \
  CAIRN_PLUGIN_EXPORT bool cairn_register_v1(std::vector<cairn::StageType>* types, \
                                             std::string* error) {                 \
    try {                                                                          \
      *types = {__VA_ARGS__};                                                      \
      return true;                                                                 \
    } catch (const std::exception& e) {                                            \
      *error = e.what();                                                           \
    } catch (...) {                                                                \
      *error = "an exception of unknown type";                                     \
    }                                                                              \
    return false;                                                                  \
  }
