#pragma once

#include "base/lifetime.h"
#include "base/limits.h"
#include "base/loop.h"
#include "job/job_store.h"

namespace hawser::job {

/// Sends the store a Sweep every limits::kSweepInterval, one at a time. Made and destroyed on its loop.
class Sweeper {
 public:
  Sweeper(Loop& loop, JobStore& store) : loop_(loop), store_(store) { schedule(); }
  ~Sweeper() { loop_.cancel(timer_); }
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

 private:
  void schedule() {
    timer_ = loop_.after(limits::kSweepInterval, [this] { sweep(); });
  }
  void sweep() {
    timer_ = TimerId::none;
    // The answer comes on the store's thread; only the loop may look whether this is still alive.
    store_.submit(Sweep{}, [&loop = loop_, again = lifetime_.guard([this] { schedule(); })](
                               const Result<Reply>&) { loop.post(again); });
  }

  Loop& loop_;
  JobStore& store_;
  TimerId timer_ = TimerId::none;
  Lifetime lifetime_;
};

}  // namespace hawser::job
