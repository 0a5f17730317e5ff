#include <catch.hpp>

#include <cstdlib>
#include <filesystem>

#include <xgrad/nn.hpp>

// The C++ half of round_trip.py: reads every file in the folder that it names, and writes what it read in each format.
TEST_CASE("files go from Python to here and back", "[python]") {
  namespace fs = std::filesystem;
  namespace nn = xgrad::nn;
  const char* const folder = std::getenv("XGRAD_ROUND_TRIP");
  if (folder == nullptr) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string path = entry.path().string(), kind = entry.path().extension().string();
    const std::string back = path + ".back";
    if (kind == ".npy") {
      nn::save_npy(back + ".npy", nn::load_npy(path));
      continue;
    }
    const auto tensors = kind == ".npz"  ? nn::load_npz(path)
                         : kind == ".pt" ? nn::load_pytorch(path)
                                         : nn::load_safetensors(path);
    nn::save_npz(back + ".npz", tensors);
    nn::save_npz(back + ".packed.npz", tensors, true);
    nn::save_pytorch(back + ".pt", tensors);
    nn::save_safetensors(back + ".safetensors", tensors);
  }
}
