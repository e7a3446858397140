// The factories of the programs that come with brink, one for each file of this folder.
// registry.cpp lists them by name.
#pragma once

#include <memory>
#include <string>

#include "brink/program.hpp"

namespace brink {

std::unique_ptr<Program> make_alloc_trace(Params& params, const std::string& directory);
std::unique_ptr<Program> make_anon_hog(Params& params, const std::string& directory);
std::unique_ptr<Program> make_create_loop(Params& params, const std::string& directory);
std::unique_ptr<Program> make_file_writer(Params& params, const std::string& directory);
std::unique_ptr<Program> make_forker(Params& params, const std::string& directory);
std::unique_ptr<Program> make_log_writer(Params& params, const std::string& directory);
std::unique_ptr<Program> make_mapped_reader(Params& params, const std::string& directory);
std::unique_ptr<Program> make_mkdir_loop(Params& params, const std::string& directory);
std::unique_ptr<Program> make_order_probe(Params& params, const std::string& directory);
std::unique_ptr<Program> make_pool_grower(Params& params, const std::string& directory);
std::unique_ptr<Program> make_tmpfs_writer(Params& params, const std::string& directory);

}  // namespace brink
