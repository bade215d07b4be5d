#include "plugins/synthesis/sample_documents.h"

#include <string>

#include "plugins/lib/text/partition.h"

namespace cairn::synthesis {
namespace {

std::string letters(int number) {
  return {static_cast<char>('A' + number / 26 % 26), static_cast<char>('A' + number % 26)};
}

}  // namespace

std::string id_on_side(const std::string& name, bool held) {
  for (int salt = 0;; ++salt) {
    std::string id = name + "-" + std::to_string(salt);
    if (text::held_out(id) == held) return id;
  }
}

std::vector<text::Document> sample_documents(int countries, int zones, int packages, int tables) {
  std::vector<text::Document> documents;
  const auto add = [&](const std::string& domain, const std::string& title, std::string text,
                       bool held) {
    documents.push_back(
        {id_on_side(domain + "/" + title, held), title, std::move(text), domain, "source", "1"});
  };
  for (const bool held : {false, true}) {
    const int base = held ? 200 : 0;
    const std::string mark = held ? "H" : "T";
    for (int i = 0; i < countries; ++i) {
      const std::string name = "Land" + mark + std::to_string(i);
      add("general", name,
          "Country: " + name + "\nCode: " + letters(base + i) + "\nAlpha-3: X" + letters(base + i) +
              "\nNumeric: " + std::to_string(500 + base + i),
          held);
    }
    for (int i = 0; i < zones; ++i) {
      const std::string name = "Area" + mark + "/City" + std::to_string(i);
      add("general", name,
          "Zone: " + name + "\nCountry code: " + letters(base + i % countries) +
              "\nLatitude: " + std::to_string(i) + " N\nLongitude: " + std::to_string(3 * i) + " E",
          held);
    }
    const auto package = [&](int i) { return "lib" + mark + std::to_string(i); };
    for (int i = 0; i < packages; ++i) {
      add("professional", package(i),
          "Package: " + package(i) + "\nVersion: 1." + std::to_string(base + i) +
              "\nSection: part" + std::to_string(i % 7) +
              "\nDepends: " + package((i + 11) % packages),
          held);
    }
    for (int i = 0; i < tables; ++i) {
      std::string text = i % 2 == 0 ? "line | income | ratio" : "year | births";
      for (int row = 0; row < 4; ++row) {
        text += "\n" + std::to_string(1900 + 4 * i + row) + " | " +
                std::to_string((7 * i + 5 * row) % 11);
        if (i % 2 == 0) text += " | " + std::to_string(row) + "." + std::to_string(i % 9) + "0";
      }
      add("academic", "table" + mark + " part " + std::to_string(i), text, held);
    }
  }
  return documents;
}

}  // namespace cairn::synthesis
