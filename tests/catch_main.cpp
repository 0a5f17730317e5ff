#define CATCH_CONFIG_MAIN  // Catch2 2.x; 3.x brings its own main
#include "catch.hpp"
