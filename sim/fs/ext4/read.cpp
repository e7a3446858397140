// Reading pages of files (mpage_readpages() with ext4_get_block(), fs/mpage.c, Linux 4.0): adjacent
// blocks share a bio. Left out: the buffer-by-buffer path for blocks smaller than a page.

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::uint32_t bio_max_pages = 128;

}  // namespace

/// Takes a new bio of so many pages at most; until it is submitted, waiters for its pages wait for
/// the running task.
Bio& Ext4::new_bio(Site site, BlockNumber block, bool write) {
  Bio& bio = vfs().block().bios().alloc(site);
  bio.block = partition_.first + block;
  bio.blocks = 0;
  bio.write = write;
  bio.owner = this;
  building_.push_back(&bio);
  return bio;
}

void Ext4::send_bio(Bio*& bio) {
  if (bio == nullptr) return;
  std::erase(building_, bio);
  device().submit(*bio);
  bio = nullptr;
}

/// Whether the bio can take the block too.
bool Ext4::extends(const Bio* bio, BlockNumber block) const {
  return bio != nullptr && bio->end() == partition_.first + block && bio->blocks < bio_max_pages;
}

int Ext4::read_pages(Inode& inode, const std::vector<Pfn>& pages, bool ahead) {
  Frame frame(core_.current(), "ext4_readpages");
  Ext4Inode& ours = as_ext4(inode);
  PageCache& cache = memory_.cache();
  Bio* bio = nullptr;
  int result = 0;
  BlockMap map{0, 0};
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const Pfn page = pages[i];
    const std::uint32_t index = memory_.page(page).index;
    if (map.length == 0 || index < map.block || index >= map.block + map.length) {
      map = {index, static_cast<std::uint32_t>(pages.size() - i)};
      const int error = map_blocks(nullptr, ours, map, false, false);
      if (error != 0) {
        // The page stays as it is, not up to date: whoever wants it gets an I/O error.
        if (ahead && error == -ENOMEM) memory_.failures().settle_last(Fate::degraded);
        cache.unlock_page(page);
        map.length = 0;
        result = -EIO;
        continue;
      }
    }
    if (map.length == 0) {  // A hole reads as zeroes.
      memory_.page(page).set(PG_uptodate);
      cache.unlock_page(page);
      continue;
    }
    const BlockNumber block = map.start + (index - map.block);
    if (!extends(bio, block)) {
      send_bio(bio);
      bio = &new_bio(site::pc_read_bio, block, false);
      bio->end_io = end_read_bio;
    }
    cache.start_read(page);
    bio->pages.push_back(page);
    ++bio->blocks;
  }
  send_bio(bio);
  return ahead ? 0 : result;
}

void Ext4::end_read_bio(Bio& bio) {
  Ext4& self = *static_cast<Ext4*>(bio.owner);
  for (const Pfn page : bio.pages) self.memory_.cache().end_read(page, bio.error);
}

}  // namespace brink
