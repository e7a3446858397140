// What all devices share.

#include "sim/block/device.hpp"

#include <algorithm>

#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

bool BioKey::matches(const Bio& bio) const {
  if (bio.owner != owner) return false;
  if (page == no_page) return bio.argument == argument;
  return std::find(bio.pages.begin(), bio.pages.end(), page) != bio.pages.end();
}

Core& Device::core() const { return memory_.core(); }

void Device::end(Bio& bio, int error) noexcept {
  count_moved(bio);
  if (error != 0) bio.error = error;
  if (bio.end_io != nullptr) bio.end_io(bio);
  bio.set->free(bio);
}

}  // namespace brink
