# Four kinds of target, so that a CMakeLists.txt says what a folder is and nothing else.
#
#   cairn_library(NAME SOURCES … LINK …)            static library cairn_NAME, alias Cairn::NAME
#   cairn_plugin(NAME SOURCES … LINK … [TORCH])     build/<preset>/plugins/NAME.so and its manifest
#   cairn_program(NAME SOURCES … LINK … [TORCH])    build/<preset>/bin/NAME
#   cairn_test(NAME SOURCES … LINK … [TORCH])       a GoogleTest program; each test is a ctest entry
#
# TORCH links LibTorch and reuses the precompiled header of plugins/lib/model; other tests reuse that
# of tests.

set(CAIRN_WARNINGS -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of "a" + std::move(string) at -O2: a false positive (GCC bug 105651).
  list(APPEND CAIRN_WARNINGS -Wno-restrict)
endif()

function(cairn_common TARGET)
  target_compile_options(${TARGET} PRIVATE ${CAIRN_WARNINGS})
  target_include_directories(${TARGET} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
                                              $<INSTALL_INTERFACE:include/cairn>)
  set_target_properties(${TARGET} PROPERTIES CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  cairn_sanitize(${TARGET})
endfunction()

# Everything with a message in it: protobuf's have another size under ThreadSanitizer.
function(cairn_sanitize TARGET)
  if(NOT CAIRN_SANITIZE)
    return()
  endif()
  target_compile_options(${TARGET} PRIVATE -fsanitize=${CAIRN_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(${TARGET} PUBLIC -fsanitize=${CAIRN_SANITIZE})
  # Asio's fences are beside locks that the sanitizer does understand.
  if(CAIRN_SANITIZE MATCHES thread)
    target_compile_options(${TARGET} PRIVATE -Wno-tsan)
  endif()
endfunction()

# Tests and command lines are compiled far longer than they run.
function(cairn_compile_quickly TARGET)
  target_compile_options(${TARGET} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns of std::string(n, c) + "a" at -O1: more false positives of that kind.
    target_compile_options(${TARGET} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
  endif()
endfunction()

function(cairn_reuse_header TARGET FROM)
  target_precompile_headers(${TARGET} REUSE_FROM ${FROM})
  # A precompiled header serves one code model only, and CMake gives programs -fPIE.
  get_target_property(TARGET_KIND ${TARGET} TYPE)
  if(TARGET_KIND STREQUAL "EXECUTABLE")
    target_compile_options(${TARGET} PRIVATE -fPIC)
  endif()
endfunction()

function(cairn_torch TARGET)
  target_link_libraries(${TARGET} PRIVATE cairn_torch_api)
  if(TARGET cairn_torch_pch)
    cairn_reuse_header(${TARGET} cairn_torch_pch)
  endif()
endfunction()

function(cairn_library NAME)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LINK;LINK_PRIVATE" ${ARGN})
  add_library(cairn_${NAME} STATIC ${ARG_SOURCES})
  set_target_properties(cairn_${NAME} PROPERTIES EXPORT_NAME ${NAME})
  add_library(Cairn::${NAME} ALIAS cairn_${NAME})
  target_link_libraries(cairn_${NAME} PUBLIC ${ARG_LINK} PRIVATE ${ARG_LINK_PRIVATE})
  cairn_common(cairn_${NAME})
  if(ARG_TORCH)
    target_link_libraries(cairn_${NAME} PUBLIC cairn_torch_api)
    cairn_torch(cairn_${NAME})
  endif()
endfunction()

function(cairn_plugin NAME)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_library(plugin_${NAME} MODULE ${ARG_SOURCES})
  target_link_libraries(plugin_${NAME} PRIVATE Cairn::sdk ${ARG_LINK})
  cairn_common(plugin_${NAME})
  cairn_plugin_properties(plugin_${NAME} ${NAME})
  set_target_properties(plugin_${NAME} PROPERTIES LIBRARY_OUTPUT_DIRECTORY
                                                  ${CMAKE_BINARY_DIR}/plugins)
  if(ARG_TORCH)
    cairn_torch(plugin_${NAME})
    target_compile_definitions(plugin_${NAME} PRIVATE CAIRN_PLUGIN_USES_TORCH)
  endif()
  if(TARGET cairn-host)
    cairn_write_manifest(plugin_${NAME} ${NAME} cairn-host)
    add_dependencies(plugin_${NAME} cairn-host)
    # Its stages keep what is asked of every stage.
    add_test(NAME plugins.check_${NAME}
             COMMAND cairn --state-dir ${CMAKE_CURRENT_BINARY_DIR}/no-state plugins check
                     $<TARGET_FILE:plugin_${NAME}>)
    set_tests_properties(plugins.check_${NAME} PROPERTIES LABELS acceptance TIMEOUT 300
                                                          ENVIRONMENT OMP_WAIT_POLICY=passive)
  endif()
endfunction()

function(cairn_program NAME)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${ARG_LINK})
  cairn_common(${NAME})
  if(ARG_TORCH)
    cairn_torch(${NAME})
  endif()
endfunction()

function(cairn_test NAME)
  cmake_parse_arguments(ARG "TORCH" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  add_executable(${NAME}_test ${ARG_SOURCES})
  target_link_libraries(${NAME}_test PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest
                                             GTest::gtest_main)
  cairn_common(${NAME}_test)
  cairn_compile_quickly(${NAME}_test)
  target_compile_definitions(${NAME}_test PRIVATE CAIRN_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                  CAIRN_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(ARG_TORCH)
    cairn_torch(${NAME}_test)
  else()
    cairn_reuse_header(${NAME}_test cairn_test_pch)
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  gtest_discover_tests(
    ${NAME}_test
    TEST_PREFIX ${NAME}.
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL}
               TIMEOUT ${ARG_TIMEOUT}
               # Tests run side by side: threads that wait must not hold the cores.
               ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
