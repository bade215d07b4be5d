#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Draft> read(const std::string& reader, Source source, const std::string& bytes,
                        const std::string& path = "data.txt") {
  source.domain = "general";
  source.package = "pkg";
  auto drafts = make_reader(reader)->read(source, {path, bytes});
  EXPECT_TRUE(drafts.ok()) << drafts.error().to_string();
  return drafts.ok() ? std::move(drafts).value() : std::vector<Draft>{};
}

std::vector<std::string> texts(const std::vector<Draft>& drafts) {
  std::vector<std::string> out;
  for (const Draft& draft : drafts) {
    out.push_back(draft.problem.empty() ? draft.document.text : "! " + draft.problem);
  }
  return out;
}

Source index_source() {
  Source source;
  source.lines = {"Package = Package", "Version = Version | upstream", "Section = Section",
                  "Depends = Depends | dependency libc6 libgcc-s1"};
  source.links = {"Depends"};
  return source;
}

TEST(ControlReader, MakesADocumentOfEachStanza) {
  const auto drafts = read("control", index_source(),
                           "Package: zutils\nVersion: 1:1.12~rc1-3+b2\nSection: utils\n"
                           "Depends: libc6 (>= 2.34), libgcc-s1,\n zlib1g (>= 1:1.2) | libz\n\n\n"
                           "Source: zlib (1.2.13)\nPackage: zlib1g\nVersion: 1.2.13-1\n");
  EXPECT_THAT(texts(drafts),
              ElementsAre("Package: zutils\nVersion: 1.12~rc1\nSection: utils\nDepends: zlib1g",
                          "Package: zlib1g\nVersion: 1.2.13"));
  EXPECT_EQ(drafts[0].document.id, "general/pkg/package-zutils");
  EXPECT_THAT(drafts[0].links, ElementsAre("zlib1g"));
  EXPECT_EQ(drafts[0].document.package, "zutils");
  EXPECT_EQ(drafts[0].document.version, "1:1.12~rc1-3+b2");
  EXPECT_EQ(drafts[1].document.package, "zlib");
}

TEST(ControlReader, ABadStanzaCostsOnlyItself) {
  EXPECT_THAT(texts(read("control", index_source(),
                         "Package: a\nno colon here\n\nVersion: 2\n\nPackage: b\nSection: net\n")),
              ElementsAre("! line 2 is no 'Name: value'", "! no value for 'Package'",
                          "Package: b\nSection: net"));
}

TEST(JsonReader, ReadsTheRecordsOfAnArray) {
  Source source;
  source.array = "3166-2";
  source.id = "code";
  source.lines = {"Subdivision = name", "Type = type", "Country code = code | before -"};
  const auto drafts = read("json", source,
                           R"({"3166-2": [{"code": "NO-42", "name": "Agder", "type": "County"},
                               "odd", {"code": "NO-50", "type": "County"}]})");
  EXPECT_THAT(texts(drafts),
              ElementsAre("Subdivision: Agder\nType: County\nCountry code: NO",
                          "! the record is no object", "! no value for 'Subdivision'"));
  EXPECT_EQ(drafts[0].document.id, "general/pkg/subdivision-no-42");
  EXPECT_EQ(drafts[0].document.title, "Agder");
}

TEST(JsonReader, WhatIsNoJsonIsOneProblem) {
  Source source;
  source.array = "a";
  source.lines = {"Name = name"};
  EXPECT_THAT(texts(read("json", source, "{\"a\": [")), ElementsAre(HasSubstr("! no JSON")));
  EXPECT_THAT(texts(read("json", source, "{\"b\": []}")), ElementsAre(HasSubstr("'a'")));
}

TEST(DelimitedReader, ReadsColumnsAndPassesCommentsOver) {
  Source source;
  source.separator = ";";
  source.columns = {"code", "name", "upper"};
  source.id = "code";
  source.only = "upper";
  source.lines = {"Character = name | sentence", "Code point = code", "Upper case = upper"};
  const auto drafts = read("delimited", source,
                           "# code;name\n0061;LATIN SMALL LETTER A;0041\r\nalone\n"
                           "0041;LATIN CAPITAL LETTER A;\n");
  EXPECT_THAT(texts(drafts),
              ElementsAre("Character: Latin small letter a\nCode point: 0061\nUpper case: 0041",
                          "! a line of one column", "! not among those that its source is for"));
}

TEST(CsvReader, CutsATableIntoPieces) {
  const auto drafts = read("csv", {},
                           "\"YEAR\",GNP,POP,NOTE,SAME\n1947,8.30,-.50,\"a, b\",1\n"
                           "1948,8.0,61,c,1\n1949,.9,60,d,1\n1950,9,60,e,1\nbroken,1\n",
                           "x/longley.csv");
  EXPECT_THAT(texts(drafts),
              ElementsAre("! a row of 2 cells below a header of 5",
                          "YEAR | GNP | POP\n1947 | 8.3 | -0.5\n1948 | 8 | 61\n1949 | 0.9 | 60",
                          "YEAR | GNP | POP\n1950 | 9 | 60"));
  EXPECT_EQ(drafts[1].document.title, "longley part 1");
  EXPECT_EQ(drafts[2].document.id, "general/pkg/table-longley-2");
}

TEST(CsvReader, ATableWithoutALabelIsLabelledByItsLines) {
  EXPECT_THAT(texts(read("csv", {}, "a,b\n1.5,7\n2.5,8\n", "t.csv")),
              ElementsAre("line | a | b\n2 | 1.5 | 7\n3 | 2.5 | 8"));
}

TEST(CsvReader, WhatHoldsNoTableSaysSo) {
  EXPECT_THAT(texts(read("csv", {}, "", "t.csv")), ElementsAre(HasSubstr("no rows")));
  EXPECT_THAT(texts(read("csv", {}, "a,b\nx,y\nx,z\n", "t.csv")),
              ElementsAre(HasSubstr("no column of short numbers")));
  EXPECT_THAT(texts(read("csv", {}, "a\n\"open\n", "t.csv")),
              ElementsAre(HasSubstr("does not end"), HasSubstr("no rows")));
}

constexpr const char* kModule = R"py("""Docs.

def not_code(a):
"""
import os, re
from json.decoder import x

def wrap(text, width=70, *, sep=(", ", 1), **kw):
    """One line."""

    return text
# a comment at the top level

async def later(
        a: "int",  # first ) of all
        b=")"):
    pass

class Wrapper(Base, metaclass=M):
    def one(self):
        pass

    async def two(self): pass

class _Hidden:
    pass

def _hidden(): pass
)py";

TEST(PythonReader, DescribesTheModuleItsFunctionsAndClasses) {
  const auto drafts = read("python", {}, kModule, "usr/lib/python3.11/email/__init__.py");
  EXPECT_THAT(
      texts(drafts),
      ElementsAre("Module: email\nFunctions: 3\nClasses: 2\nLines: 28\nImports: os",
                  "Function: email.wrap\nDefined in: email\nArguments: 4\n"
                  "First argument: text\nLength: 4",
                  "Function: email.later\nDefined in: email\nArguments: 2\nFirst argument: a\n"
                  "Length: 4",
                  "Class: email.Wrapper\nDefined in: email\nBase: Base\nMethods: 2\nLength: 5"));
}

TEST(PythonReader, BytesThatAreNoTextAreAProblem) {
  EXPECT_THAT(texts(read("python", {}, "x = '\xff'\n", "python3.11/a.py")),
              ElementsAre("! invalid UTF-8"));
}

TEST(TextReader, AFileIsADocument) {
  const auto drafts = read("text", {}, "\nTitle here\n\nBody.\n", "a/Read me.txt");
  ASSERT_THAT(drafts, SizeIs(1));
  EXPECT_EQ(drafts[0].document.title, "Title here");
  EXPECT_EQ(drafts[0].document.id, "general/pkg/text-a-read-me.txt");
}

TEST(Readers, ARecordWithoutFieldsIsAnErrorOfTheWorkflow) {
  for (const char* name : {"control", "json", "delimited"}) {
    const auto drafts = make_reader(name)->read({}, {"a", "x: y\n"});
    ASSERT_FALSE(drafts.ok()) << name;
    EXPECT_THAT(drafts.error().message, HasSubstr("fields"));
  }
}

TEST(Expression, StepsChangeTheFirstFieldThatIsThere) {
  const RawRecord record{{"empty", " "},
                         {"code", "NO-42"},
                         {"who", "A. Person <a@example.org>"},
                         {"where", "-340352+0182258"},
                         {"type", "L"}};
  const auto value = [&](const char* text) { return Expression::parse(text)->evaluate(record); };
  EXPECT_EQ(value("absent or empty or code"), "NO-42");
  EXPECT_EQ(value("code | before - | sentence"), "No");
  EXPECT_EQ(value("code | prefix 4"), "NO-4");
  EXPECT_EQ(value("who | person"), "A. Person");
  EXPECT_EQ(value("where | latitude"), "34 S");
  EXPECT_EQ(value("where | longitude"), "18 E");
  EXPECT_EQ(value("type | map E=Extinct,L=Living"), "Living");
  EXPECT_EQ(value("code | map E=Extinct"), "");
  EXPECT_THAT(value("absent | upstream"), IsEmpty());
}

TEST(Expression, MistakesAreNamed) {
  EXPECT_THAT(Expression::parse("a | upper").error().message, HasSubstr("'upper'"));
  EXPECT_THAT(Expression::parse("a | before").error().message, HasSubstr("'before'"));
  EXPECT_THAT(Expression::parse("a | prefix x").error().message, HasSubstr("'prefix'"));
  EXPECT_THAT(Expression::parse(" | person").error().message, HasSubstr("names no field"));
}

}  // namespace
}  // namespace cairn::corpus
