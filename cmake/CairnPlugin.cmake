# How a Cairn plugin is built: by this tree, and outside of it after find_package(Cairn).
#
#   cairn_add_plugin(NAME SOURCES … [LINK …] [TORCH])     NAME.so and NAME.so.manifest in the build folder
#   cairn_add_plugin_test(NAME SOURCES … PLUGIN … [LINK …])
#       a GoogleTest program whose CAIRN_PLUGIN_FILE is the plugin's path; each test is a ctest entry
#
# TORCH: the plugin uses LibTorch; call find_package(Torch REQUIRED) first.

# NAME.so with what every plugin has, and its manifest beside it.
function(cairn_plugin_properties TARGET NAME)
  set_target_properties(${TARGET} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${NAME}
                                             CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  # Symbols of the statically linked SDK stay inside the plugin: two plugins never share state. All
  # that it needs is there when it is linked, not when a run starts.
  target_link_options(${TARGET} PRIVATE -Wl,--exclude-libs,ALL -Wl,--no-undefined)
endfunction()

function(cairn_write_manifest TARGET NAME HOST)
  add_custom_command(
    TARGET ${TARGET}
    POST_BUILD
    COMMAND ${HOST} --describe $<TARGET_FILE:${TARGET}> --write
    COMMENT "Writing ${NAME}.so.manifest"
    VERBATIM)
endfunction()

function(cairn_add_plugin NAME)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_library(${NAME} MODULE ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE Cairn::sdk ${ARG_LINK})
  target_compile_options(${NAME} PRIVATE -Wall -Wextra)
  cairn_plugin_properties(${NAME} ${NAME})
  set_target_properties(${NAME} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  if(ARG_TORCH)
    separate_arguments(FLAGS NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
    target_compile_options(${NAME} PRIVATE ${FLAGS})
    target_include_directories(${NAME} SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
    target_compile_definitions(${NAME} PRIVATE CAIRN_PLUGIN_USES_TORCH)
    target_link_libraries(${NAME} PRIVATE ${TORCH_LIBRARY_FILES})
    target_link_options(${NAME} PRIVATE ${TORCH_LINK_FLAGS})
  endif()
  cairn_write_manifest(${NAME} ${NAME} Cairn::cairn-host)
endfunction()

function(cairn_add_plugin_test NAME)
  cmake_parse_arguments(ARG "" "PLUGIN" "SOURCES;LINK" ${ARGN})
  include(GoogleTest)
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE Cairn::testing GTest::gtest_main ${ARG_LINK})
  target_compile_definitions(${NAME} PRIVATE CAIRN_PLUGIN_FILE="$<TARGET_FILE:${ARG_PLUGIN}>")
  add_dependencies(${NAME} ${ARG_PLUGIN})
  gtest_discover_tests(${NAME})
endfunction()
