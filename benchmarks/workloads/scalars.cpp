// W4: a chain of 1,000,000 scalar nodes.
#include "chain.hpp"

namespace bench {
namespace {

const Registered<Chain> w4("W4", 1'000'000);

}  // namespace
}  // namespace bench
