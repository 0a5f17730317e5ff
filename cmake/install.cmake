# Headers laid out as in <build>/include, the libraries, the CMake package and the pkg-config file.
include(CMakePackageConfigHelpers)

foreach(layer engine ops nn)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad
    FILES_MATCHING PATTERN *.hpp PATTERN internal EXCLUDE PATTERN kernels EXCLUDE)
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/xgrad/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad
  FILES_MATCHING PATTERN *.hpp PATTERN engine EXCLUDE PATTERN ops EXCLUDE PATTERN nn EXCLUDE)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/xgrad)
install(TARGETS xgrad_engine xgrad_ops xgrad_nn xgrad_xgrad EXPORT xgrad_targets)
install(EXPORT xgrad_targets NAMESPACE xgrad:: FILE xgrad-targets.cmake DESTINATION ${package_folder})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/xgrad-config.cmake.in xgrad-config.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(xgrad-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/xgrad-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/xgrad-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findxgrad_blas.cmake ${PROJECT_SOURCE_DIR}/cmake/Findxgrad_md.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findxgrad_zip.cmake
  DESTINATION ${package_folder})

# The prefix, so that the folder can be moved: as many steps up as the .pc file lies deep.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${package_folder} OUTPUT_VARIABLE up_to_prefix)
get_target_property(blas_link xgrad::blas INTERFACE_LINK_LIBRARIES)
configure_file(cmake/xgrad.pc.in xgrad.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/xgrad.pc DESTINATION ${package_folder})
