// Tokenizers: text to ids and back on one thread, and learning merges.
#include <unicode/locid.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <thread>

#include "core/base/files.h"
#include "core/base/json.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/bench/model_parts.h"
#include "tests/bench/peer.h"

namespace cairn::bench {
namespace {

constexpr std::size_t kTextBytes = 1 << 20;
constexpr std::size_t kDocumentBytes = 8192;
constexpr int kRounds = 7;
constexpr std::int64_t kVocabulary = 32768;

struct Text {
  std::string name;
  std::string bytes;
  fs::path file;
};

// Files under a folder that end like this, joined in the order of their paths.
std::string joined(const std::vector<fs::path>& folders, const std::vector<std::string>& endings,
                   std::size_t most) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      const std::string extension = at->path().extension().string();
      const bool wanted = endings.empty() || std::ranges::find(endings, extension) != endings.end();
      if (wanted && at->is_regular_file(error)) files.push_back(at->path());
    }
  }
  std::sort(files.begin(), files.end());
  std::string text;
  for (const fs::path& file : files) {
    if (text.size() >= most) break;
    if (const auto bytes = real_file_system().read(file); bytes.ok()) text += *bytes;
  }
  return text;
}

// Names of languages and regions in Chinese and Japanese, as ICU has them, in runs as
// long as sentences.
std::string cjk_text() {
  std::string text;
  int count = 0;
  const icu::Locale* locales = icu::Locale::getAvailableLocales(count);
  std::size_t since_stop = 0;
  const auto add = [&](const icu::UnicodeString& name, std::uint32_t draw) {
    name.toUTF8String(text);
    since_stop += static_cast<std::size_t>(name.length());
    if (since_stop < 8 + draw % 24) return;
    text += draw % 3 == 0 ? "\xe3\x80\x82" : "\xef\xbc\x8c";
    since_stop = 0;
  };
  std::uint32_t draw = 1;
  for (int round = 0; text.size() < 2 * kTextBytes && round < 64; ++round) {
    for (int i = 0; i < count; ++i) {
      draw = draw * 1664525U + 1013904223U;
      const icu::Locale& named = locales[(draw >> 8) % static_cast<std::uint32_t>(count)];
      const icu::Locale in(draw >> 31 != 0 ? "ja" : (draw >> 30 & 1) != 0 ? "zh_Hant" : "zh");
      icu::UnicodeString name;
      add((draw >> 29 & 1) != 0 ? named.getDisplayLanguage(in, name)
                                : named.getDisplayCountry(in, name),
          draw >> 4);
    }
  }
  return text;
}

std::vector<Text> texts_of(const ModelBenchOptions& options) {
  std::vector<Text> texts;
  if (!options.texts.empty()) {
    for (const auto& entry : fs::directory_iterator(options.texts)) {
      if (entry.path().extension() != ".txt") continue;
      texts.push_back({entry.path().stem().string(),
                       real_file_system().read(entry.path()).value_or(""), entry.path()});
    }
    std::ranges::sort(texts, {}, &Text::name);
    return texts;
  }
  const fs::path source = CAIRN_SOURCE_DIR;
  texts.push_back(
      {"English",
       joined({"/usr/share/common-licenses", "/usr/share/perl"}, {"", ".pod"}, 4 * kTextBytes),
       {}});
  texts.push_back(
      {"code", joined({source / "core", source / "plugins"}, {".cpp", ".h"}, 4 * kTextBytes), {}});
  texts.push_back({"CJK", cjk_text(), {}});
  return texts;
}

std::vector<std::string_view> documents(std::string_view text, std::size_t size) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + size, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// Processor time of this thread: what else runs on the machine disturbs it less than the clock.
double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Encoded {
  double mb_s = 0;
  double first_mb_s = 0;  // of the first round, with nothing cached
  std::vector<std::vector<model::TokenId>> ids;
  std::int64_t sum = 0;  // as the peer's script forms it
};

Encoded encode(const model::Tokenizer& tokenizer, const Text& text) {
  const std::vector<std::string_view> docs = documents(text.bytes, kDocumentBytes);
  Encoded result;
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    result.ids.clear();
    const double begin = thread_seconds();
    for (const std::string_view doc : docs) result.ids.push_back(tokenizer.encode(doc));
    const double seconds = thread_seconds() - begin;
    if (round == 0) result.first_mb_s = static_cast<double>(text.bytes.size()) / seconds / 1e6;
    best = std::min(best, seconds);
  }
  result.mb_s = static_cast<double>(text.bytes.size()) / best / 1e6;
  constexpr __int128 kModulus = (std::int64_t{1} << 61) - 1;
  __int128 position = 0;
  __int128 sum = 0;
  for (const auto& doc : result.ids) {
    for (const model::TokenId id : doc) sum = (sum + id * ++position) % kModulus;
  }
  result.sum = static_cast<std::int64_t>(sum);
  return result;
}

void add_decode(Report& report, const model::Tokenizer& tokenizer, const Text& text,
                const Encoded& encoded, const std::string& title) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = thread_seconds();
    for (const auto& doc : encoded.ids) (void)tokenizer.decode(doc);
    best = std::min(best, thread_seconds() - begin);
  }
  report.add(
      {"decode " + title, static_cast<double>(text.bytes.size()) / best / 1e6, "MB/s", "", ""});
}

// What another library says of the same texts.
struct PeerSpeeds {
  std::string name;
  std::string missing;  // why there are no numbers
  json::object answer;
};

std::vector<PeerSpeeds> ask_peers(const ModelBenchOptions& options, const fs::path& folder,
                                  const std::vector<Text>& texts) {
  json::array files;
  for (const Text& text : texts) files.emplace_back(text.file.string());
  std::vector<PeerSpeeds> all;
  for (const char* name : {"tokenizers", "bpe-qwen"}) {
    Peer peer({options.python, std::string(CAIRN_PEERS) + "/tokenizers_peer.py"});
    PeerSpeeds speeds{name, "", {}};
    auto answer = peer.ask(json::object{{"package", name},
                                        {"folder", folder.string()},
                                        {"document_bytes", kDocumentBytes},
                                        {"texts", files}});
    if (!answer) {
      speeds.missing = options.python + " failed on tokenizers_peer.py";
    } else {
      speeds.answer = std::move(*answer);
      const json::value& missing = speeds.answer.at("missing");
      if (missing.is_string()) speeds.missing = missing.get_string();
    }
    all.push_back(std::move(speeds));
  }
  return all;
}

void add_peer(Report& report, const PeerSpeeds& peer, std::size_t index, const Encoded& ours,
              const std::string& title) {
  const std::string name = "  times " + peer.name + ", " + title;
  const std::string goal = peer.name == "tokenizers" ? ">= 3" : "";
  if (!peer.missing.empty()) {
    report.add({name, 0, "x", goal, "not measured: " + peer.missing});
    return;
  }
  const json::object& theirs = peer.answer.at("texts").as_array()[index].as_object();
  const double speed = theirs.at("mb_s").to_number<double>();
  const bool same = theirs.at("sum").to_number<std::int64_t>() == ours.sum;
  char beside[96];
  std::snprintf(beside, sizeof beside, "%s: %.2f MB/s, %s",
                peer.answer.at("version").as_string().c_str(), speed,
                same ? "the same ids" : "OTHER ids");
  report.add({name, ours.mb_s / speed, "x", goal, beside});
}

void measure_encoding(Report& report, const ModelBenchOptions& options, const fs::path& folder,
                      const std::vector<Text>& texts, const std::string& which) {
  const double begin = now_seconds();
  const auto tokenizer = model::Tokenizer::load(folder);
  if (!tokenizer.ok()) {
    std::printf("%s\n", tokenizer.error().to_string().c_str());
    return;
  }
  report.add({"load, " + which, (now_seconds() - begin) * 1e3, "ms", "",
              std::to_string(tokenizer->vocab_size()) + " ids"});
  const std::vector<PeerSpeeds> peers = ask_peers(options, folder, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string title = texts[i].name + ", " + which;
    const Encoded ours = encode(*tokenizer, texts[i]);
    char first[64];
    std::snprintf(first, sizeof first, "first pass: %.1f", ours.first_mb_s);
    report.add({"encode " + title, ours.mb_s, "MB/s", "", first});
    for (const PeerSpeeds& peer : peers) add_peer(report, peer, i, ours, texts[i].name);
    add_decode(report, *tokenizer, texts[i], ours, title);
  }
}

// Learns from what is not measured on, and writes the tokenizer.
void learn(Report& report, const std::vector<std::string_view>& texts, const fs::path& folder) {
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  std::string learned;
  const unsigned most = std::max(std::thread::hardware_concurrency(), 1U);
  for (const unsigned threads : {1U, most}) {
    const double begin = now_seconds();
    const auto result = model::train_tokenizer(texts, kVocabulary, threads);
    const double seconds = now_seconds() - begin;
    if (!result.ok()) {
      std::printf("%s\n", result.error().to_string().c_str());
      return;
    }
    const bool same = learned.empty() || learned == *result;
    learned = *result;
    char beside[96];
    std::snprintf(beside, sizeof beside, "%.1f MB of text%s", static_cast<double>(bytes) / 1e6,
                  same ? "" : "; OTHER merges than on one thread");
    report.add({"learn a vocabulary of 32768, threads: " + std::to_string(threads), seconds, "s",
                "", beside});
    if (threads == most) break;
  }
  (void)real_file_system().write_atomic(folder / "tokenizer.json", learned);
}

}  // namespace

void measure_tokenizer(Report& report, const ModelBenchOptions& options) {
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "bench-model-").value();
  std::vector<Text> texts = texts_of(options);
  std::vector<std::string> rest;
  for (Text& text : texts) {
    // The first half is measured on, the second learned from.
    const std::size_t half =
        documents(text.bytes, std::min(kTextBytes, text.bytes.size() / 2)).front().size();
    rest.push_back(text.bytes.substr(half));
    text.bytes.resize(half);
    text.file = folder / (text.name + ".txt");
    (void)real_file_system().write_atomic(text.file, text.bytes);
  }
  std::vector<std::string_view> learn_from;
  for (const std::string& text : rest) {
    const auto docs = documents(text, kDocumentBytes);
    learn_from.insert(learn_from.end(), docs.begin(), docs.end());
  }
  learn(report, learn_from, folder);
  measure_encoding(report, options, folder, texts, "learned here");
  if (!options.tokenizer.empty()) {
    measure_encoding(report, options, options.tokenizer, texts,
                     options.tokenizer.filename().string());
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace cairn::bench
