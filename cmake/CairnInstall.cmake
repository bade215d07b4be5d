# cmake --install: a relocatable tree with bin, lib/cairn/plugins, share/cairn, include/cairn and the
# CMake package that plugins are built with.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CAIRN_PACKAGE_DIR lib/cmake/Cairn)
set(CAIRN_BOOST_VERSION ${Boost_VERSION_STRING})

install(
  TARGETS cairn_base cairn_sdk cairn_runtime cairn_testing cairn-host
  EXPORT CairnExports
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  ARCHIVE DESTINATION lib)
install(TARGETS cairn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET cairn-model)
  # Of the libraries, LibTorch's folder alone may be one that the loader does not search.
  set_target_properties(cairn-model PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS cairn-model RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(
  EXPORT CairnExports
  NAMESPACE Cairn::
  DESTINATION ${CAIRN_PACKAGE_DIR})
configure_package_config_file(cmake/CairnConfig.cmake.in CairnConfig.cmake
                              INSTALL_DESTINATION ${CAIRN_PACKAGE_DIR})
write_basic_package_version_file(CairnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/CairnConfig.cmake ${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake
              cmake/CairnPlugin.cmake cmake/FindTorch.cmake
        DESTINATION ${CAIRN_PACKAGE_DIR})

# What plugins and their tests see: core/base and core/sdk, and <cairn/…> in front of them.
install(
  DIRECTORY core/base core/sdk
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cairn/core
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "core/sdk/public" EXCLUDE)
install(DIRECTORY core/sdk/public/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cairn)

install(
  DIRECTORY ${CMAKE_BINARY_DIR}/plugins/
  DESTINATION lib/cairn/plugins
  USE_SOURCE_PERMISSIONS)
install(DIRECTORY workflows DESTINATION ${CMAKE_INSTALL_DATADIR}/cairn)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# How `cairn plugins build` compiles one file: for this build folder, and for the installed tree.
# -g1 is the lines of a stack trace; all that debuggers can use doubles the time of the compiler.
function(cairn_sdk_file TARGET_FILE INCLUDES LIBRARIES)
  set(COMPILE -std=c++20 -O2 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -Wall -Wextra)
  foreach(FOLDER IN LISTS INCLUDES)
    list(APPEND COMPILE "-I${FOLDER}")
  endforeach()
  set(LINK -shared -Wl,--exclude-libs,ALL -Wl,--no-undefined ${LIBRARIES} -lboost_json -lcrypto
           -lspdlog -lfmt -lpcre2-8 -pthread)
  set(TORCH_COMPILE)
  set(TORCH_LINK)
  if(CAIRN_WITH_TORCH)
    separate_arguments(TORCH_COMPILE NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
    list(APPEND TORCH_COMPILE -DCAIRN_PLUGIN_USES_TORCH)
    foreach(FOLDER IN LISTS TORCH_INCLUDE_DIRS)
      list(APPEND TORCH_COMPILE -isystem ${FOLDER})
    endforeach()
    set(TORCH_LINK ${TORCH_LINK_FLAGS} ${TORCH_LIBRARY_FILES})
    if(CAIRN_TORCH_DIR)
      list(APPEND TORCH_LINK -Wl,-rpath,${CAIRN_TORCH_DIR}/lib)
    endif()
  endif()
  get_filename_component(COMPILER ${CMAKE_CXX_COMPILER} NAME)
  set(TEXT "{\"compiler\": \"${COMPILER}\"")
  foreach(KEY COMPILE LINK TORCH_COMPILE TORCH_LINK)
    list(JOIN ${KEY} "\", \"" FLAGS)
    if(FLAGS)
      set(FLAGS "\"${FLAGS}\"")
    endif()
    string(TOLOWER ${KEY} NAME)
    string(APPEND TEXT ",\n \"${NAME}\": [${FLAGS}]")
  endforeach()
  file(WRITE ${TARGET_FILE} "${TEXT}}\n")
endfunction()

cairn_sdk_file(${CMAKE_BINARY_DIR}/lib/cairn/sdk.json
               "${CMAKE_SOURCE_DIR};${CMAKE_SOURCE_DIR}/core/sdk/public"
               "${CMAKE_BINARY_DIR}/core/sdk/libcairn_sdk.a;${CMAKE_BINARY_DIR}/core/base/libcairn_base.a")
cairn_sdk_file(${CMAKE_BINARY_DIR}/installed/sdk.json "@PREFIX@/include/cairn"
               "@PREFIX@/lib/libcairn_sdk.a;@PREFIX@/lib/libcairn_base.a")
install(FILES ${CMAKE_BINARY_DIR}/installed/sdk.json DESTINATION lib/cairn)
# find_package(Cairn) finds the build folder, too.
export(EXPORT CairnExports NAMESPACE Cairn:: FILE ${CMAKE_BINARY_DIR}/${CAIRN_PACKAGE_DIR}/CairnExports.cmake)
file(COPY ${CMAKE_BINARY_DIR}/CairnConfig.cmake ${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake
          cmake/CairnPlugin.cmake cmake/FindTorch.cmake
     DESTINATION ${CMAKE_BINARY_DIR}/${CAIRN_PACKAGE_DIR})
