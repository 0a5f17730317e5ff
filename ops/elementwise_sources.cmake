# For the ops in XGRAD_ELEMENTWISE, writes into the build folder
#   kernels/elementwise_<n>.cpp  their kernels, compiled once per instruction set: ${elementwise_kernels}
#   elementwise_<n>.cpp          what the engine knows about them: ${elementwise_ops}
#   xgrad_op_names.inc           "add", "sub", ...: the names of all ops, for the tests
# several ops to a file, because reading the headers is most of the work. The rule of leaky_relu is rules::LeakyRelu.
set(ops_per_file 6)
set(elementwise_kernels)
set(elementwise_ops)

# Every rule's header in every file: a derivative read on Tensors may name any op.
set(includes "")
foreach(name IN LISTS XGRAD_ELEMENTWISE)
  string(APPEND includes "#include <xgrad/ops/${name}.hpp>\n")
endforeach()

function(write_elementwise_sources index names)
  set(kernels "")
  set(ops "")
  foreach(name IN LISTS names)
    set(rule "")
    string(REPLACE "_" ";" words ${name})
    foreach(word IN LISTS words)
      string(SUBSTRING ${word} 0 1 initial)
      string(SUBSTRING ${word} 1 -1 rest)
      string(TOUPPER ${initial} initial)
      string(APPEND rule ${initial}${rest})
    endforeach()
    string(APPEND kernels "template struct ElementwiseTable<rules::${rule}, arch::XGRAD_ARCH>;\n")
    foreach(arch IN LISTS xgrad_archs)
      string(APPEND ops "extern template struct ElementwiseTable<rules::${rule}, arch::${arch}>;\n")
    endforeach()
    string(APPEND ops
      "template <> const Op& op_of<rules::${rule}>() noexcept {\n"
      "  static constexpr Op op = make_elementwise_op<rules::${rule}>();\n"
      "  return op;\n"
      "}\n")
  endforeach()
  file(CONFIGURE OUTPUT kernels/elementwise_${index}.cpp CONTENT
    "#include <xgrad/engine/kernels/elementwise.hpp>\n${includes}namespace xgrad::detail {\n${kernels}}\n" @ONLY)
  file(CONFIGURE OUTPUT elementwise_${index}.cpp CONTENT
    "#include <xgrad/engine/internal/elementwise_op.hpp>\n${includes}namespace xgrad::detail {\n${ops}}\n" @ONLY)
endfunction()

set(rest ${XGRAD_ELEMENTWISE})
set(index 0)
while(rest)
  list(SUBLIST rest 0 ${ops_per_file} names)
  list(REMOVE_ITEM rest ${names})
  write_elementwise_sources(${index} "${names}")
  list(APPEND elementwise_kernels ${CMAKE_CURRENT_BINARY_DIR}/kernels/elementwise_${index}.cpp)
  list(APPEND elementwise_ops ${CMAKE_CURRENT_BINARY_DIR}/elementwise_${index}.cpp)
  math(EXPR index "${index} + 1")
endwhile()

list(JOIN XGRAD_OPS "\",\n\"" names)
file(CONFIGURE OUTPUT xgrad_op_names.inc CONTENT "\"${names}\"\n" @ONLY)
