// corpus: real documents from unpacked Debian packages, and why others were left out.
#include <algorithm>
#include <fstream>
#include <map>

#include "core/sdk/plugin.h"
#include "plugins/corpus/filters.h"
#include "plugins/corpus/reader.h"
#include "plugins/corpus/source.h"

namespace cairn::corpus {
namespace {

std::vector<Source> demo() {
  return parse_sources(parse_json(demo_sources()).value()).value();
}

struct CorpusStage : Stage {
  Param<fs::path> packages{this, "packages", fs::path(),
                           "Folder of unpacked packages, one folder each, as deploy/setup makes it",
                           Content{}};
  Param<std::vector<Source>> sources{
      this, "sources", demo(),
      "Which files become documents, and how. The "
      "cache knows the content of 'packages' only: nothing of a path that begins at the root"};
  Check any{this, given(sources), "there must be something to read"};
  Param<std::int64_t> min_characters{this, "min_characters", 40, "Shortest text", AtLeast{0}};
  Param<std::int64_t> max_characters{this, "max_characters", 220, "Longest text", AtLeast{1}};
  Param<std::int64_t> min_lines{this, "min_lines", 3, "Fewest lines", AtLeast{0}};
  Param<std::int64_t> max_lines{this, "max_lines", 7, "Most lines", AtLeast{1}};
  Param<std::int64_t> max_title{this, "max_title", 32, "Longest title, in characters", AtLeast{1}};
  Param<std::int64_t> max_value{this, "max_value", 24,
                                "Longest value of a 'Key: value' line after the first", AtLeast{1}};
  Param<double> max_symbols{this, "max_symbols", 0.4,
                            "Largest share of characters that are no letter, digit or space",
                            Range{0.0, 1.0}};
  Param<double> max_repetition{this, "max_repetition", 0.5,
                               "Largest share of words that the text already had", Range{0.0, 1.0}};
  Param<double> min_latin{this, "min_latin", 0.9, "Smallest share of letters from the Latin script",
                          Range{0.0, 1.0}};
  Param<std::vector<std::string>> boilerplate{
      this,
      "boilerplate",
      {"all rights reserved", "this file is generated", "dummy package", "transitional package"},
      "Phrases, in lower case, that no document may hold"};
  Output<kind::Documents> documents{this, "documents", "Documents kept, sorted by id"};
  Output<kind::Table> decisions{this, "decisions",
                                "One line for each document read: id, domain, kept, reason"};
  Metric all{this, "documents", "documents", "Documents kept"};
  Metric of_domain{this, "documents_*", "documents", "Documents kept of a domain"};

  Result<void> run(StageContext& ctx) override {
    const std::vector<Source>& wanted = *sources;
    Filter filter(rules());
    std::vector<text::Document> kept;
    std::map<std::string, std::int64_t> by_domain;
    std::ofstream decided(decisions.path(), std::ios::binary | std::ios::trunc);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (ctx.cancelled()) return stage_cancelled();
      CAIRN_ASSIGN(std::vector<Draft> drafts, read(wanted[i]));
      for (Draft& draft : drafts) {
        if (draft.problem.empty()) draft.problem = filter.reason_to_drop(draft.document);
      }
      apply_limit(wanted[i], drafts);
      for (Draft& draft : drafts) {
        decided << json::serialize(decision(draft)) << '\n';
        if (!draft.problem.empty()) continue;
        ++by_domain[draft.document.domain];
        kept.push_back(std::move(draft.document));
      }
      ctx.progress(i + 1, wanted.size(), "sources");
    }
    decided.flush();
    if (!decided) return io_error("write", decisions.path().string(), errno);
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (const auto& [domain, count] : by_domain) {
      of_domain.record(ctx, domain, 0, static_cast<double>(count));
    }
    all.record(ctx, 0, static_cast<double>(kept.size()));
    return text::write_documents(documents.path(), kept);
  }

 private:
  Rules rules() const {
    return {*min_characters, *max_characters, *min_lines,      *max_lines, *max_title,
            *max_value,      *max_symbols,    *max_repetition, *min_latin, *boilerplate};
  }

  Result<std::vector<Draft>> read(const Source& source) const {
    const std::unique_ptr<Reader> reader = make_reader(source.reader);
    const Origin origin = origin_of(source, *packages);
    CAIRN_ASSIGN(const std::vector<fs::path> files,
                 files_of(source, *packages, reader->extension()));
    std::vector<Draft> all;
    for (const fs::path& path : files) {
      CAIRN_ASSIGN(std::string bytes, real_file_system().read(path));
      const fs::path base = fs::path(source.path).is_absolute()
                                ? fs::path(source.path).parent_path()
                                : *packages / source.package;
      const SourceFile file{path.lexically_relative(base).generic_string(), std::move(bytes)};
      CAIRN_ASSIGN(std::vector<Draft> drafts, reader->read(source, file));
      for (Draft& draft : drafts) {
        if (draft.document.package.empty()) {
          draft.document.package = origin.package;
          draft.document.version = origin.version;
        }
        all.push_back(std::move(draft));
      }
    }
    return all;
  }

  // Only what the rules keep competes for the places.
  static void apply_limit(const Source& source, std::vector<Draft>& drafts) {
    std::vector<Draft*> candidates;
    std::vector<Draft> heads;
    for (Draft& draft : drafts) {
      if (!draft.problem.empty()) continue;
      candidates.push_back(&draft);
      heads.push_back(draft);
    }
    const std::vector<bool> within = within_limit(source, heads);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!within[i]) candidates[i]->problem = "beyond the limit of its source";
    }
  }

  static json::object decision(const Draft& draft) {
    return {{"id", draft.document.id},
            {"domain", draft.document.domain},
            {"kept", draft.problem.empty()},
            {"reason", draft.problem}};
  }
};

// Two packages of one file each.
Result<void> prepare(SelfTest& test) {
  const fs::path packages = test.folder() / "packages";
  const auto put = [&](const char* path, const char* text) -> Result<void> {
    CAIRN_TRY(real_file_system().make_directories((packages / path).parent_path()));
    return real_file_system().write_atomic(packages / path, text);
  };
  CAIRN_TRY(put("iso-codes/control", "Package: iso-codes\nVersion: 4.15.0-1\n"));
  CAIRN_TRY(
      put("iso-codes/countries.json",
          R"({"list": [{"code": "NO", "name": "Norway"}, {"code": "ES", "name": "Spain"}]})"));
  CAIRN_TRY(put("tzdata/control", "Package: tzdata\nVersion: 2026a-1\n"));
  CAIRN_TRY(put("tzdata/zone.tab", "NO\tEurope/Oslo\nES\tEurope/Madrid\n"));
  CAIRN_ASSIGN(const json::value sources, parse_json(R"([
    {"reader": "json", "package": "iso-codes", "path": "countries.json", "array": "list",
     "domain": "general", "id": "code", "fields": ["Country = name", "Code = code"]},
    {"reader": "delimited", "package": "tzdata", "path": "zone.tab", "domain": "general",
     "columns": ["code", "zone"], "fields": ["Zone = zone", "Country code = code"]}])"));
  test.param("packages", packages).param("sources", sources).param("min_characters", 10);
  return {};
}

}  // namespace
}  // namespace cairn::corpus

CAIRN_PLUGIN(cairn::stage_type<cairn::corpus::CorpusStage>(
                 "corpus",
                 "Reads documents from unpacked packages and keeps those that the rules accept")
                 .self_test(cairn::corpus::prepare))
