#include "core/plugin/manifest.h"

namespace cairn {
namespace {

// Raised when a manifest is written that an older reader would misread.
constexpr std::int64_t kManifestFormat = 2;

Result<std::uint32_t> get_u32(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const std::uint64_t value, get_uint(object, key));
  if (value > UINT32_MAX) return corrupt("'" + std::string(key) + "' is too large");
  return static_cast<std::uint32_t>(value);
}

}  // namespace

json::object to_json(const LibraryManifest& manifest) {
  json::array stages;
  for (const auto& stage : manifest.stages) stages.push_back(to_json(stage));
  return {{"format", kManifestFormat},
          {"library", manifest.library.filename().string()},
          {"digest", manifest.digest},
          {"abi_major", manifest.build.abi_major},
          {"sdk_minor", manifest.build.sdk_minor},
          {"compiler", manifest.build.compiler},
          {"stdlib", manifest.build.stdlib},
          {"boost", manifest.build.boost},
          {"torch", manifest.build.torch},
          {"stages", std::move(stages)}};
}

Result<LibraryManifest> library_manifest_from_json(const json::object& object) {
  CAIRN_ASSIGN(const std::int64_t format, get_int(object, "format"));
  if (format != kManifestFormat)
    return invalid_argument("the manifest has format " + std::to_string(format) + ", not " +
                            std::to_string(kManifestFormat));
  LibraryManifest manifest;
  CAIRN_ASSIGN(manifest.library, get_string(object, "library"));
  CAIRN_ASSIGN(manifest.digest, get_string(object, "digest"));
  if (!is_digest(manifest.digest)) return corrupt("the manifest's digest is none");
  CAIRN_ASSIGN(manifest.build.abi_major, get_u32(object, "abi_major"));
  CAIRN_ASSIGN(manifest.build.sdk_minor, get_u32(object, "sdk_minor"));
  CAIRN_ASSIGN(manifest.build.compiler, get_string(object, "compiler"));
  CAIRN_ASSIGN(manifest.build.stdlib, get_string(object, "stdlib"));
  CAIRN_ASSIGN(manifest.build.boost, get_string(object, "boost"));
  CAIRN_ASSIGN(manifest.build.torch, get_string(object, "torch"));
  CAIRN_ASSIGN(const json::array* stages, get_array(object, "stages"));
  for (const auto& value : *stages) {
    if (!value.is_object()) return corrupt("a stage type of the manifest is no object");
    CAIRN_ASSIGN(StageDecl stage, stage_decl_from_json(value.as_object()));
    manifest.stages.push_back(std::move(stage));
  }
  return manifest;
}

}  // namespace cairn
