// The small programs: which calls they make, under which names, and what they do about errors.

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "tests/programs/fake_syscalls.hpp"

namespace brink {
namespace {

using Lines = std::vector<std::string>;
using Make = std::unique_ptr<Program> (*)(Params&, const std::string&);

std::unique_ptr<Program> program(Make make, Table table) {
  Params params(std::move(table), "args");
  auto made = make(params, "");
  params.done();
  return made;
}

/// Answers `error` to each call that begins with `call`.
auto fail(const std::string& call, int error) {
  return [=](const std::string& text) { return text.starts_with(call) ? std::int64_t{-error} : 0; };
}

TEST(AnonHog, MapsAllThenTouchesAllInOrderThenHolds) {
  FakeSyscalls sys;
  const auto hog = program(make_anon_hog, {{"maps", 2}, {"size", "8 KiB"}, {"hold", "3 s"}});
  EXPECT_EQ(hog->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"mmap 8192", "mmap 8192", "touch 65536 8192", "touch 73728 8192",
                              "sleep 3000000000"}));
  EXPECT_TRUE(hog->paths().empty());
}

TEST(AnonHog, LooksUpAnotherNameAfterEachStretchAcrossMaps) {
  FakeSyscalls sys;
  sys.number = 7;
  sys.answer = fail("stat", ENOENT);
  const auto hog =
      program(make_anon_hog, {{"maps", 2},
                              {"size", "12 KiB"},
                              {"hold", "0 s"},
                              {"lookup", Table{{"path", "/srv/x"}, {"every", "8 KiB"}}}});
  EXPECT_EQ(hog->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"mmap 12288", "mmap 12288", "touch 65536 8192", "stat /srv/x.7.1",
                              "touch 73728 4096", "touch 77824 4096", "stat /srv/x.7.2",
                              "touch 81920 8192", "stat /srv/x.7.3"}));
  EXPECT_EQ(sys.reactions, std::vector<Reaction>(3, Reaction::checked));
  EXPECT_EQ(hog->paths(), Lines{"/srv/x"});
}

TEST(AnonHog, DoesWithoutAMapThatItDoesNotGet) {
  FakeSyscalls sys;
  int maps = 0;
  sys.answer = [&](const std::string& text) {
    return text.starts_with("mmap") && ++maps == 1 ? std::int64_t{-ENOMEM} : 0;
  };
  EXPECT_EQ(program(make_anon_hog, {{"maps", 2}, {"size", 4096}})->main(sys), 1);
  EXPECT_EQ(sys.reactions, std::vector<Reaction>{Reaction::checked});
  EXPECT_EQ(sys.calls[2], "touch 69632 4096");
}

TEST(MkdirLoop, MakesDirectoriesOfItsOwnAndRemovesThemIfTold) {
  FakeSyscalls sys;
  sys.number = 4;
  EXPECT_EQ(program(make_mkdir_loop, {{"dir", "/srv"}, {"count", 2}})->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"mkdir /srv/d4.1", "mkdir /srv/d4.2"}));
  FakeSyscalls other;
  EXPECT_EQ(
      program(make_mkdir_loop, {{"count", 1}, {"rmdir", true}, {"pause", "1 ms"}})->main(other), 0);
  EXPECT_EQ(other.calls, (Lines{"mkdir /d0.1", "rmdir /d0.1", "sleep 1000000"}));
}

TEST(MkdirLoop, GoesOnWithoutMemoryAndExitsAtOtherErrors) {
  FakeSyscalls sys;
  sys.answer = fail("mkdir", ENOMEM);
  const auto loop = program(make_mkdir_loop, {{"count", 3}, {"rmdir", true}});
  EXPECT_EQ(loop->main(sys), 0);
  EXPECT_EQ(sys.calls.size(), 3u) << "nothing was made, so nothing is removed";
  EXPECT_EQ(sys.reactions, std::vector<Reaction>(3, Reaction::checked));
  FakeSyscalls read_only;
  read_only.answer = fail("mkdir", EROFS);
  EXPECT_EQ(loop->main(read_only), 1);
  EXPECT_EQ(read_only.reactions, std::vector<Reaction>{Reaction::exited});
}

TEST(CreateLoop, CreatesExclusivelyClosesAndUnlinks) {
  FakeSyscalls sys;
  const auto loop = program(make_create_loop, {{"dir", "/srv/"}, {"count", 2}});
  EXPECT_EQ(loop->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"open /srv/f0.1 193", "close 3", "unlink /srv/f0.1",
                              "open /srv/f0.2 193", "close 3", "unlink /srv/f0.2"}));
  FakeSyscalls poor;
  poor.answer = fail("open", ENOMEM);
  EXPECT_EQ(loop->main(poor), 0);
  EXPECT_EQ(poor.calls.size(), 2u);
  FakeSyscalls broken;
  broken.answer = fail("unlink", EIO);
  EXPECT_EQ(loop->main(broken), 1);
  EXPECT_EQ(broken.reactions, std::vector<Reaction>{Reaction::exited});
}

TEST(FileWriter, WritesChunksSyncsAndGoesOnAfterAShortWrite) {
  FakeSyscalls sys;
  sys.number = 1;
  sys.answer = [](const std::string& text) { return text == "write 3 30" ? 25 : 0; };
  const auto writer =
      program(make_file_writer,
              {{"path", "/f"}, {"size", "70 B"}, {"chunk", "30 B"}, {"fsync_every", "50 B"}});
  EXPECT_EQ(writer->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"open /f.1 577", "write 3 30", "write 3 30", "fsync 3", "write 3 20",
                              "fsync 3", "close 3"}));
}

TEST(FileWriter, ExitsAtTheFirstError) {
  for (const char* call : {"open", "write", "fsync", "close"}) {
    FakeSyscalls sys;
    sys.answer = fail(call, ENOMEM);
    const auto writer =
        program(make_file_writer, {{"path", "/f"}, {"size", "1 B"}, {"fsync_every", "1 B"}});
    EXPECT_EQ(writer->main(sys), 1) << call;
    EXPECT_TRUE(sys.calls.back().starts_with(call));
    EXPECT_EQ(sys.reactions, std::vector<Reaction>{Reaction::exited}) << call;
  }
}

TEST(LogWriter, WritesARecordAfterSoMuchMemory) {
  FakeSyscalls sys;
  sys.number = 1;
  const Table args = {{"path", "/l"},
                      {"size", "12 KiB"},
                      {"every", "8 KiB"},
                      {"hold", "1 ms"},
                      {"fsync", Value(true)}};
  EXPECT_EQ(program(make_log_writer, args)->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"open /l 65", "mmap 12288", "touch 65536 8192", "write 3 4096",
                              "fsync 3", "touch 73728 4096", "sleep 1000000", "close 3"}));
  sys.calls.clear();
  Table own = args;
  own.insert_or_assign("shared", Value(false));
  EXPECT_EQ(program(make_log_writer, own)->main(sys), 0);
  EXPECT_EQ(sys.calls.front(), "open /l.1 65");
}

TEST(LogWriter, DoesWithoutARecord) {
  FakeSyscalls sys;
  sys.answer = fail("write", ENOMEM);
  EXPECT_EQ(
      program(make_log_writer, {{"path", "/l"}, {"size", "8 KiB"}, {"every", "4 KiB"}})->main(sys),
      1);
  EXPECT_EQ(sys.reactions, std::vector<Reaction>(2, Reaction::checked));
  EXPECT_EQ(sys.calls.back(), "close 3");
}

TEST(ProgramTable, MakesDocumentedProgramsThatRefuseUnknownKeys) {
  std::set<std::string> names;
  for (const ProgramRow& row : program_table()) {
    EXPECT_TRUE(names.insert(row.name).second);
    Params params = Params::describe();
    EXPECT_NE(row.make(params, ""), nullptr) << row.name;
    EXPECT_FALSE(params.docs().empty()) << row.name;
    for (const ParamDoc& doc : params.docs()) EXPECT_NE(doc.meaning, "") << doc.key;
  }
  EXPECT_THROW(program(make_anon_hog, {{"no_such_key", 1}}), ConfigError);
  EXPECT_THROW(program(make_anon_hog, {{"lookup", Table{{"path", "/x"}, {"evry", 1}}}}),
               ConfigError);
  EXPECT_THROW(program(make_anon_hog, {{"lookup", Table{{"path", "x"}}}}), ConfigError);
  EXPECT_THROW(program(make_file_writer, {}), ConfigError);
  EXPECT_THROW(program(make_mkdir_loop, {{"dir", "srv"}}), ConfigError);
}

TEST(AnonHog, LocksItsMapsIfItIsTold) {
  FakeSyscalls sys;
  sys.answer = fail("mlock", ENOMEM);
  const auto hog =
      program(make_anon_hog, {{"size", "8 KiB"}, {"hold", "0 s"}, {"mlock", Value(true)}});
  EXPECT_EQ(hog->main(sys), 0) << "what it may not lock it uses all the same";
  EXPECT_EQ(sys.calls, (Lines{"mmap 8192", "mlock 8192", "touch 65536 8192"}));
  EXPECT_EQ(sys.reactions, std::vector<Reaction>(1, Reaction::checked));
}

TEST(TmpfsWriter, FillsHoldsAndDeletes) {
  FakeSyscalls sys;
  const auto writer = program(make_tmpfs_writer, {{"files", 2},
                                                  {"size", "6 KiB"},
                                                  {"chunk", "4 KiB"},
                                                  {"hold", "1 s"},
                                                  {"delete", Value(true)}});
  EXPECT_EQ(writer->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"open /tmp/t0.0 577", "write 3 4096", "write 3 2048", "close 3",
                              "open /tmp/t0.1 577", "write 3 4096", "write 3 2048", "close 3",
                              "sleep 1000000000", "unlink /tmp/t0.0", "unlink /tmp/t0.1"}));
  EXPECT_EQ(writer->paths(), Lines{"/tmp/"});
}

TEST(TmpfsWriter, KeepsWhatItHasWhenThereIsNoMoreSpace) {
  FakeSyscalls sys;
  sys.answer = fail("write", ENOSPC);
  const auto writer = program(make_tmpfs_writer, {{"hold", "1 s"}});
  EXPECT_EQ(writer->main(sys), 1);
  EXPECT_EQ(sys.calls,
            (Lines{"open /tmp/t0.0 577", "write 3 65536", "close 3", "sleep 1000000000"}));
}

TEST(MappedReader, WritesMapsAndReadsOverAndOver) {
  FakeSyscalls sys;
  const auto reader = program(make_mapped_reader, {{"path", "/lib/x"},
                                                   {"size", "8 KiB"},
                                                   {"rounds", 2},
                                                   {"compute", "0 s"},
                                                   {"exec", Value(true)}});
  EXPECT_EQ(reader->main(sys), 0);
  EXPECT_EQ(sys.calls, (Lines{"open /lib/x 66", "write 3 8192", "mmap 8192 of 3 shared exec",
                              "read_memory 65536 8192", "read_memory 65536 8192"}));
  sys.answer = fail("mmap", ENOMEM);
  EXPECT_EQ(reader->main(sys), 1);
}

TEST(Forker, ForksItsChildrenWaitsAndForksAgain) {
  FakeSyscalls sys;
  const auto forker = program(
      make_forker,
      {{"size", "16 KiB"}, {"touch", "8 KiB"}, {"children", 2}, {"rounds", 2}, {"pause", "1 ms"}});
  EXPECT_EQ(forker->main(sys), 0);
  const Lines round = {
      "fork", "fork",         "child", "touch 65536 8192", "child", "touch 65536 8192",
      "wait", "sleep 1000000"};
  Lines expected = {"mmap 16384", "touch 65536 16384"};
  for (int i = 0; i < 2; ++i) expected.insert(expected.end(), round.begin(), round.end());
  EXPECT_EQ(sys.calls, expected);
}

TEST(Forker, DoesWithoutAChildThatItDoesNotGet) {
  FakeSyscalls sys;
  sys.answer = fail("fork", EAGAIN);
  const auto forker = program(make_forker, {{"children", 2}, {"rounds", 1}});
  EXPECT_EQ(forker->main(sys), 1);
  EXPECT_EQ(sys.reactions, std::vector<Reaction>(3, Reaction::checked));
}

}  // namespace
}  // namespace brink
