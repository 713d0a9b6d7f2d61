#pragma once

#include "remote/worker.h"
#include "worker/handler.h"

/// The API of workers in C++: find_package(hawser), link hawser::worker, and see examples/cpp-worker.
namespace hawser {

using job::ContinueFrom;
using remote::Worker;
using remote::WorkerOptions;
using worker::Handler;
using worker::JobContext;
using worker::Outcome;
using worker::ResumePlan;
using worker::ResumePoint;
using worker::StopReason;

}  // namespace hawser
