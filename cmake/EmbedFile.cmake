# cmake -DINPUT=FILE -DOUTPUT=FILE.cpp -DHEADER=PATH -DNAMESPACE=NS -DFUNCTION=NAME -P EmbedFile.cmake
# A source file whose NS::NAME() gives the bytes of INPUT as a std::string_view.
file(READ ${INPUT} HEX HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," BYTES "${HEX}")
string(REGEX REPLACE "((0x..,){20})" "\\1\n" BYTES "${BYTES}")
file(
  WRITE ${OUTPUT}
  "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n"
  "constexpr unsigned char kBytes[] = {\n${BYTES}};\n}  // namespace\n"
  "std::string_view ${FUNCTION}() {\n"
  "  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};\n}\n}  // namespace ${NAMESPACE}\n")
