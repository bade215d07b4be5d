#include "core/workflow/check.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/content.h"
#include "core/workflow/keys.h"
#include "core/workflow/notify.h"
#include "core/workflow/params.h"
#include "core/workflow/resolver.h"
#include "core/workflow/source.h"
#include "core/workflow/stage_reader.h"
#include "core/workflow/wiring.h"
#include "core/workflow/yaml.h"

namespace cairn {
namespace {

constexpr std::int64_t kFormat = 1;  // the value of `cairn:`
constexpr std::size_t kMaxExtends = 8;

struct Document {
  YamlNode root;
  fs::path path;    // absolute
  fs::path folder;  // absolute
};

const YamlNode* member(const YamlNode& map, std::string_view key) {
  const YamlEntry* entry = map.find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

class Checker {
 public:
  Checker(const WorkflowRequest& request, const Registry& registry, CheckedWorkflow& result)
      : request_(request), registry_(registry), result_(result), diagnostics_(result.diagnostics) {}

  Result<void> check() {
    // A text that was sent lies nowhere: its folder is no part of what it is called.
    const fs::path shown = request_.text ? request_.file.filename() : request_.file;
    CAIRN_TRY(load(request_.file, shown.string(), request_.text));
    if (documents_.empty()) return {};
    if (!extends_broken_) {
      CAIRN_TRY(read_params());
      read_head();
      read_stages();
    }
    if (!diagnostics_.has_errors())
      identify_contents(spec_, request_.identify_content, places_, diagnostics_);
    if (!diagnostics_.has_errors()) result_.spec = std::move(spec_);
    return {};
  }

 private:
  // Loads a file and what it extends, the named file first.
  Result<void> load(const fs::path& path, const std::string& name,
                    const std::optional<std::string>& text) {
    SourcePtr source;
    if (text) {
      source = check_source(name, *text, diagnostics_);
    } else {
      CAIRN_ASSIGN(source, read_source(path, name, diagnostics_));
    }
    auto root = source ? parse_yaml(source, diagnostics_) : std::nullopt;
    if (root && !root->is_map()) {
      diagnostics_.error("invalid_value", *source, root->offset,
                         "a workflow is a map, not " + root->describe(),
                         "it starts with 'cairn: 1' and has 'stages:'");
      root.reset();
    }
    if (!root) {
      extends_broken_ = true;
      return {};
    }
    Document document{std::move(*root), fs::absolute(path).lexically_normal(), {}};
    document.folder = document.path.parent_path();
    documents_.push_back(std::move(document));
    check_head(documents_.back().root);
    const YamlNode* extends = member(documents_.back().root, "extends");
    if (extends == nullptr) return {};
    return load_base(*extends);
  }

  Result<void> load_base(const YamlNode& extends) {
    extends_broken_ = true;                                              // until it is loaded
    if (!extends.is_scalar() || !extends.scalar.is_string()) return {};  // reported by check_head
    const fs::path given = extends.text;
    const fs::path path = (documents_.back().folder / given).lexically_normal();
    const bool again = std::ranges::find(documents_, path, &Document::path) != documents_.end();
    if (again || documents_.size() > kMaxExtends) {
      diagnostics_.error(
          "extends_cycle", *extends.source, extends.offset,
          again ? "this file extends itself in the end"
                : "more than " + std::to_string(kMaxExtends) + " files extend each other");
      return {};
    }
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      diagnostics_.error("missing_file", *extends.source, extends.offset,
                         "there is no file " + path.string());
      return {};
    }
    // Named as the user would name it from where the first file was named.
    const fs::path shown =
        given.is_absolute()
            ? given
            : (fs::path(extends.source->name).parent_path() / given).lexically_normal();
    extends_broken_ = false;
    return load(path, shown.string(), std::nullopt);
  }

  // Keys of the top level, and their values as far as they need nothing else.
  void check_head(const YamlNode& root) {
    check_keys(root, workflow_keys(), "the workflow", diagnostics_);
    for (const YamlEntry& entry : root.entries) {
      const Key* key = find_key(workflow_keys(), entry.key);
      if (key == nullptr || key->form != KeyForm::kValue || entry.key == "description") continue;
      const json::value value = entry.value.to_json();
      if (entry.key == "cairn" && value.is_int64() && value.as_int64() != kFormat)
        diagnostics_.error("wrong_format", *root.source, entry.value.offset,
                           "the file's format is " + entry.value.text + ", but this Cairn reads " +
                               std::to_string(kFormat),
                           value.as_int64() > kFormat ? "a newer Cairn may read it" : "");
      else
        (void)canonical_at(key->decl, value, entry.value, diagnostics_, true);
    }
    const YamlEntry* stages = root.find("stages");
    const YamlEntry* extends = root.find("extends");
    if (extends != nullptr) {
      for (const char* key : {"stages", "defaults"}) {
        if (const YamlEntry* entry = root.find(key))
          diagnostics_.error("unknown_key", *root.source, entry->key_offset,
                             std::string("'") + key + "' cannot stand beside 'extends'",
                             "a workflow that extends another gives other parameter values");
      }
    } else if (stages == nullptr) {
      diagnostics_.error("missing_key", *root.source, root.offset,
                         "the workflow needs the key 'stages'", "stages: The stages by name");
    } else if (!stages->value.is_map() || stages->value.entries.empty()) {
      const bool empty = stages->value.is_null() || stages->value.is_map();
      diagnostics_.error("invalid_value", *root.source,
                         stages->value.is_null() ? stages->key_offset : stages->value.offset,
                         empty ? "the workflow needs at least one stage"
                               : "'stages' must be a map, not " + stages->value.describe());
    }
  }

  Result<void> read_params() {
    const fs::path working = fs::absolute(request_.working_folder).lexically_normal();
    const Document& base = documents_.back();
    if (const YamlNode* params = member(base.root, "params")) params_.declare(*params, base.folder);
    for (auto document = documents_.rbegin() + 1; document != documents_.rend(); ++document) {
      if (const YamlNode* params = member(document->root, "params"))
        params_.assign(*params, document->folder);
    }
    if (!request_.params_file.empty()) {
      const std::string name = request_.params_file.string();
      CAIRN_ASSIGN(auto source, read_source(request_.params_file, name, diagnostics_));
      auto values = source ? parse_yaml(source, diagnostics_) : std::nullopt;
      if (values)
        params_.assign(*values,
                       fs::absolute(request_.params_file).lexically_normal().parent_path());
    }
    for (const std::string& text : request_.set) params_.set(text, working);
    params_.finish();
    result_.params = params_.describe();
    return {};
  }

  // The value of a top-level key, the nearest file first.
  const YamlNode* head(std::string_view key) const {
    for (const Document& document : documents_) {
      if (const YamlNode* node = member(document.root, key)) return node;
    }
    return nullptr;
  }

  void read_head() {
    const Document& document = documents_.front();
    spec_.name = document.path.stem().string();
    spec_.file = request_.file.string();
    spec_.source = document.root.source->text;
    spec_.folder = documents_.back().folder.string();
    if (const YamlNode* name = head("name")) {
      if (name->is_scalar() && is_name(name->text, true))
        spec_.name = name->text;
      else
        diagnostics_.error("bad_name", *name->source, name->offset,
                           name->describe() + " is no name for a workflow",
                           "letters, digits, '_', '-' and '.', a letter first");
    }
    const auto integer = [&](const char* key) -> std::optional<std::int64_t> {
      const YamlNode* node = head(key);
      if (node == nullptr || !node->is_scalar() || !node->scalar.is_int64()) return std::nullopt;
      return node->scalar.as_int64();
    };
    spec_.seed = request_.seed.value_or(static_cast<std::uint64_t>(integer("seed").value_or(0)));
    spec_.max_parallel = static_cast<int>(integer("max_parallel").value_or(0));
    const YamlNode* fail_fast = head("fail_fast");
    spec_.fail_fast =
        fail_fast != nullptr && fail_fast->scalar.is_bool() && fail_fast->scalar.as_bool();
    spec_.params = params_.values();
    scope_ = {spec_.params, params_.invalid(), spec_.seed, spec_.name};
    if (const YamlNode* description = head("description"))
      spec_.description = resolver_.description(*description).value_or("");
    read_labels();
    if (const YamlNode* pools = head("pools")) {
      for (Count& pool : read_counts(*pools, "'pools'", resolver_, diagnostics_))
        spec_.pools[pool.name] = pool.units;
    }
    if (const YamlNode* notify = head("notify"))
      spec_.notify = read_notify(*notify, resolver_, diagnostics_);
  }

  void read_labels() {
    for (auto document = documents_.rbegin(); document != documents_.rend(); ++document) {
      const YamlNode* labels = member(document->root, "labels");
      if (labels == nullptr) continue;
      if (!labels->is_map()) {
        diagnostics_.error("invalid_value", *labels->source, labels->offset,
                           "'labels' must be a map, not " + labels->describe());
        continue;
      }
      for (const YamlEntry& entry : labels->entries) {
        if (auto text = resolver_.description(entry.value)) spec_.labels[entry.key] = *text;
      }
    }
  }

  void read_stages() {
    const Document& base = documents_.back();
    StageSources sources;
    sources.folder = base.folder;
    sources.pools = spec_.pools;
    sources.stages = member(base.root, "stages");
    sources.defaults = member(base.root, "defaults");
    if (sources.defaults != nullptr && !sources.defaults->is_map()) {
      diagnostics_.error("invalid_value", *sources.defaults->source, sources.defaults->offset,
                         "'defaults' must be a map, not " + sources.defaults->describe());
      sources.defaults = nullptr;
    }
    if (sources.defaults != nullptr) check_defaults(*sources.defaults);
    if (sources.stages == nullptr || !sources.stages->is_map()) return;
    auto drafts = cairn::read_stages(sources, resolver_, registry_, diagnostics_);
    for (const StageDraft& draft : drafts)
      places_[draft.spec.name] = content_places(draft, sources);
    spec_.stages = wire_stages(std::move(drafts), registry_, diagnostics_);
  }

  void check_defaults(const YamlNode& defaults) {
    check_keys(defaults, defaults_keys(), "'defaults'", diagnostics_);
    for (const auto& [name, keys] :
         {std::pair("retry", &retry_keys()), std::pair("resources", &resource_keys())}) {
      const YamlNode* node = member(defaults, name);
      if (node != nullptr && node->is_map())
        check_keys(*node, *keys, std::string("'") + name + "'", diagnostics_);
    }
  }

  const WorkflowRequest& request_;
  const Registry& registry_;
  CheckedWorkflow& result_;
  Diagnostics& diagnostics_;
  std::vector<Document> documents_;  // the named file, what it extends, and so on
  bool extends_broken_ = false;
  ParamTable params_{diagnostics_};
  ResolverScope scope_;
  Resolver resolver_{scope_, diagnostics_};
  ContentPlaces places_;
  WorkflowSpec spec_;
};

}  // namespace

Result<CheckedWorkflow> check_workflow(const WorkflowRequest& request, const Registry& registry) {
  CheckedWorkflow result;
  Checker checker(request, registry, result);
  CAIRN_TRY(checker.check());
  return result;
}

}  // namespace cairn
