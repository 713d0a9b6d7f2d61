#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the system and its reason. Reaching one is a tested behaviour with a named error.
/// Sizes are bytes unless the name says otherwise.
namespace hawser::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// --- What one message may be ---
/// Engine.IO maxPayload: what stock clients split polling bodies by, and the reference's default.
inline constexpr std::size_t kMaxPayload = 1'000'000;
/// Socket.IO event names are identifiers; ours have at most 16 characters.
inline constexpr std::size_t kMaxEventName = 128;
/// Attachments a binary packet may announce: the default of the reference parser.
inline constexpr std::size_t kMaxAttachments = 10;
/// Those of one packet together; they wait in memory until the last one is there.
inline constexpr std::size_t kMaxAttachmentBytes = 4 * kMaxPayload;
/// Those of all incomplete packets on one core; none of our commands takes attachments.
inline constexpr std::size_t kMaxAttachmentBytesPerCore = 64 * kMiB;
/// Between two attachments of one packet; the heartbeat gives up on a line that is slower.
inline constexpr auto kAttachmentTimeout = 60s;
/// Nesting of JSON we accept; deeper than any real input, shallow enough for a stack.
inline constexpr std::size_t kMaxJsonDepth = 128;
/// Frames of one fragmented WebSocket message; 1 MB in pieces of 256 bytes still passes.
inline constexpr std::size_t kMaxFragments = 4096;
/// From the first byte of a WebSocket message to its last; the largest input gets through at 35 kbit/s.
inline constexpr auto kMessageTimeout = 60s;
/// Pongs that wait for the kernel. A peer that pings faster than it reads gets one for its last ping
/// (RFC 6455, section 5.5.3).
inline constexpr std::size_t kMaxUnsentPongs = 16;
/// Messages below this go out uncompressed: they fit into one packet of the line either way, and each one
/// costs a fixed 20 us of its core.
inline constexpr std::size_t kCompressThreshold = 1024;
/// HTTP request line and headers together.
inline constexpr std::size_t kMaxHttpHeader = 16 * kKiB;
/// A JWT; real ones are under 2 KiB.
inline constexpr std::size_t kMaxToken = 8 * kKiB;

// --- Connections ---
/// Open TCP connections a process accepts; fewer where its descriptors do not allow that many.
inline constexpr std::size_t kMaxConnections = 18'000;
/// When all are taken, those go that have not asked for anything for so long: clients open another one, while
/// somebody who only opens connections would keep everybody out.
inline constexpr auto kIdleGrace = 5s;
/// Sessions whose peers have not proved yet who they are. After a restart every client is one for a round
/// trip or two, so this lets some 4,000 in at once, and whoever never authenticates cannot take all the
/// places.
inline constexpr std::size_t kMaxUnauthenticated = 4'096;
/// What such a session may wait for sure; one that has had it makes room when all those places are taken.
/// Honest clients need two round trips; 5 s is that on the worst links.
inline constexpr auto kAuthGrace = 5s;
/// One message or body of such a session: CONNECT with its token, and room to spare.
inline constexpr std::size_t kMaxUnauthenticatedPayload = 16 * kKiB;
/// Sessions that are over and keep their `close` packet for a last poll; the reference keeps all, but it is
/// a courtesy that strangers can ask for.
inline constexpr std::size_t kMaxLingering = 1'024;
/// Descriptors left to the store (at most 512 table files), handlers and their processes.
inline constexpr std::size_t kReservedDescriptors = 1'024;
/// Namespaces of one connection; stock clients use one or two.
inline constexpr std::size_t kMaxNamespaces = 8;
/// Acks we wait for in one namespace of a connection, and how long; people answer or are gone.
inline constexpr std::size_t kMaxPendingAcks = 1'024;
inline constexpr auto kAckTimeout = 30s;
/// A request line and headers must be complete in this time (slow-loris).
inline constexpr auto kHttpReadTimeout = 10s;
/// And a body in as much more as it takes at this many bytes a second: slower than any line that keeps up
/// with the heartbeat while it carries messages.
inline constexpr std::size_t kMinBodyRate = 4 * kKiB;
/// Between two requests on a keep-alive connection.
inline constexpr auto kHttpIdleTimeout = 75s;
/// A peer that accepts no byte for this long while we have some is gone or hostile.
inline constexpr auto kWriteStallTimeout = 60s;
/// No CONNECT in this time after the transport opened: closed (the reference's connectTimeout).
inline constexpr auto kConnectTimeout = 45s;
/// How long after its first connect a client may come back to the state it had: longer than a laptop stays
/// closed, short enough that a stolen pid, useless without the user's token, ends.
inline constexpr auto kRecoveryLifetime = 24h * 30;
/// An upgrade to WebSocket that is not finished is dropped; polling goes on.
inline constexpr auto kUpgradeTimeout = 10s;
/// How long a session that was closed between two polls keeps its `close` packet for the next one.
inline constexpr auto kClosedSessionLinger = 30s;
/// Bytes waiting for a reader before its cursor stops moving; it reads on from the log.
inline constexpr std::size_t kSendHighWater = 256 * kKiB;
/// Where it moves again.
inline constexpr std::size_t kSendLowWater = 64 * kKiB;
/// Replies and protocol packets may go past the high-water mark; past this the peer is closed.
inline constexpr std::size_t kSendHardLimit = 4 * kMiB;
/// Records of TLS that are sealed before the kernel takes them: four full ones make one call of it, more
/// would be memory that a slow reader holds twice.
inline constexpr std::size_t kTlsUnsent = 64 * kKiB;
/// Bytes of all connections together that wait to be sent, and parts of messages and bodies that wait for
/// their rest. Readers of one user share their bytes, so only abuse comes near; beyond it readers get by with
/// kSendLowWater, and whoever holds more than kReadBudget of something unfinished is closed.
inline constexpr std::size_t kMaxSendBytes = 512 * kMiB;
inline constexpr std::size_t kMaxReceiveBytes = 256 * kMiB;
/// Messages and bytes one core reads of one connection before it serves the others.
inline constexpr std::size_t kReadBudget = 64 * kKiB;
/// Packets of one polling body that a core handles before it serves the others: a body of the largest size
/// can hold half a million.
inline constexpr std::size_t kPacketsPerTurn = 1'000;

// --- Jobs ---
inline constexpr std::size_t kMaxTypeName = 64;
inline constexpr std::size_t kMaxInputBytes = 256 * kKiB;
inline constexpr std::size_t kMaxIdempotencyKey = 128;
inline constexpr std::size_t kMaxOwner = 256;
inline constexpr std::size_t kMaxCancelReason = 512;
/// One chunk, progress or checkpoint state as JSON; leaves room for the envelope within kMaxPayload.
inline constexpr std::size_t kMaxEventPayload = 512 * kKiB;
/// Result of a job as JSON.
inline constexpr std::size_t kMaxResult = 512 * kKiB;
/// Human-readable error text of a failed job.
inline constexpr std::size_t kMaxErrorText = 2 * kKiB;
/// Error of a run that is kept in the job's record, for lists: the text above and its frame.
inline constexpr std::size_t kMaxKeptError = 2 * kMaxErrorText;
/// Events of one job: the sequence a client must be able to hold.
inline constexpr std::uint64_t kMaxEventsPerJob = 1'000'000;
/// Logged bytes of one job.
inline constexpr std::uint64_t kMaxLogBytesPerJob = 256 * kMiB;
/// Unfinished jobs of one user, queued ones included, unless the operator says otherwise.
inline constexpr std::size_t kMaxActiveJobsPerOwner = 256;
/// `partialOutput` of job:failed and of job:checkpoint (DESIGN 4).
inline constexpr std::size_t kMaxFailedPartialOutput = kMiB;
inline constexpr std::size_t kMaxCheckpointPartialOutput = 64 * kKiB;
/// Progress events of one job a second; the last before an ending event always goes out.
inline constexpr auto kProgressInterval = 100ms;

// --- Store ---
/// One commit group: larger ones only raise latency (storage.md 3.4).
inline constexpr std::size_t kCommitGroupEvents = 2'000;
inline constexpr std::size_t kCommitGroupBytes = kMiB;
/// Commands waiting for the committer; beyond it `overloaded`.
inline constexpr std::size_t kCommitQueueCommands = 65'536;
inline constexpr std::size_t kCommitQueueBytes = 32 * kMiB;
/// Free disk space below which starts and appends are refused with `storage_full`.
inline constexpr std::uint64_t kDefaultStorageReserve = 256 * kMiB;
/// Damaged blocks and jobs that are remembered, to log each once; who damages more has read the first lines.
inline constexpr std::size_t kDamageRemembered = 10'000;
/// Jobs that a read of an owner's stream merges; a position further back is answered `reset`.
inline constexpr std::size_t kMaxMergedJobs = 1024;
/// Records that one page of a list looks at, and jobs that it shows: some 10 ms of a reader thread.
inline constexpr std::size_t kListScan = 5'000;
inline constexpr std::size_t kMaxListed = 500;
/// Active jobs that one look at the queues counts, some 200 ms of a reader thread.
inline constexpr std::size_t kQueueScan = 100'000;
/// One page of a read.
inline constexpr std::size_t kPageEvents = 1'000;
inline constexpr std::size_t kPageBytes = 256 * kKiB;
/// An idempotency key lives as long as its job, and at least this long.
inline constexpr auto kIdempotencyMinAge = 24h;

// --- Retention ---
/// How long ended jobs are kept unless the operator says otherwise: results long enough for a holiday,
/// failures longer, since somebody may still have to look into them and resume them by hand. Nothing is
/// deleted by number or size by default: that depends on what else a user does, and would come as a surprise.
inline constexpr auto kDefaultKeepEnded = 24h * 30;
inline constexpr auto kDefaultKeepFailed = 24h * 90;
/// No bound deletes a job sooner after its end: who was in a tunnel must still get the result.
inline constexpr auto kMinEndedAge = 1h;
/// Nothing is deleted before the clock of the wall has gone steadily for so long: a machine that boots with
/// a wrong date must not lose its jobs before that is set right.
inline constexpr auto kClockTrust = 10min;
/// A step of the wall clock against the monotonic one that is no drift.
inline constexpr auto kClockStep = 1min;
/// Events of a job that are deleted one by one. Longer logs are deleted as a range, which costs the same
/// whatever is in it, but some 0.1 us of every read that begins behind it until the memtable is written.
inline constexpr std::uint64_t kErasedSingly = 1'000;
/// Jobs deleted, and tombstones forgotten, in one look; 800 a second, far above what users start. As many
/// events that are deleted one by one count as a job: some 20 ms at most.
inline constexpr std::size_t kSweepDeletions = 200;
inline constexpr std::uint64_t kErasedForOne = 100;
/// What is kept of a deleted job, some 150 bytes, so that its owner is told; later it is `not_found`. The
/// oldest go earlier when there are too many, but never in their first day, when their keys still count.
inline constexpr auto kTombstoneAge = 24h * 30;
inline constexpr std::size_t kMaxTombstones = 1'000'000;

// --- Fan-out and sessions ---
/// Recent events kept for each followed owner on each core; an older cursor reads the store.
inline constexpr std::size_t kFeedEvents = 512;
inline constexpr std::size_t kFeedBytes = 256 * kKiB;
/// Commit groups waiting in a core's mailbox; beyond it the core re-reads from the store.
inline constexpr std::size_t kMailboxGroups = 1'024;
/// Broadcasts of a namespace waiting in a core's mailbox; beyond either the next one is `overloaded`.
inline constexpr std::size_t kMailboxBroadcasts = 65'536;
inline constexpr std::size_t kMailboxBroadcastBytes = 64 * kMiB;
/// Rooms of one socket, and the length of their names: they cost memory for as long as the socket lives.
inline constexpr std::size_t kMaxRoomsPerSocket = 1'024;
inline constexpr std::size_t kMaxRoomName = 256;
/// Connection state recovery in memory, a namespace: how long a socket may be away, and what is kept for it.
/// The window is the reference's; a client that was away for more than the rest starts anew.
inline constexpr auto kRecoveryWindow = 2min;
inline constexpr std::size_t kRecoverySockets = 18'000;
inline constexpr std::size_t kRecoveryEvents = 10'000;
inline constexpr std::size_t kRecoveryBytes = 16 * kMiB;
/// Jobs a socket may replay at the same time.
inline constexpr std::size_t kMaxCatchUps = 64;
/// Jobs a socket may be subscribed to.
inline constexpr std::size_t kMaxSubscriptions = 1'024;
/// Commands of one socket that wait for the store.
inline constexpr std::size_t kMaxPendingCommands = 256;
/// Commands of one socket: far above what a person or a reconnecting page sends; beyond it `rate_limited`.
inline constexpr double kCommandsPerSecond = 100;
inline constexpr double kCommandBurst = 1'000;

// --- Work ---
/// Threads that run handlers, hence jobs that run at once in the server.
inline constexpr std::size_t kDefaultHandlerThreads = 64;
inline constexpr std::size_t kReaderThreads = 2;
inline constexpr std::size_t kReaderQueue = 65'536;
/// Events and bytes of one job that wait for their commit; beyond it `emit` blocks the handler.
inline constexpr std::size_t kUnackedEventsPerJob = 1'000;
inline constexpr std::size_t kUnackedBytesPerJob = 256 * kKiB;
/// A job that failed retryably this often, or was interrupted this often in a row without one more chunk,
/// fails for good: it may be the job that kills its worker.
inline constexpr std::uint32_t kDefaultAttempts = 5;
/// Between two attempts, growing: soon enough to be a hiccup, rare enough for a service that is down.
inline constexpr auto kDefaultBackoff = 1s;
inline constexpr auto kDefaultMaxBackoff = 60s;
/// Chunks between two checkpoints, as in the original.
inline constexpr std::uint32_t kDefaultCheckpointEvery = 10;
/// How far ahead a start may be set.
inline constexpr auto kMaxStartDelay = 24h * 30;
/// Of a job among those of its owner; higher ones run first.
inline constexpr int kMaxPriority = 10;
/// A worker in another process that was not heard of for so long has lost its jobs: longer than a
/// reconnect takes, short enough that somebody still watches when another worker goes on.
inline constexpr auto kDefaultLease = 15s;
/// Of which the store is told a bit less, so that somebody else has the job within one lease, looks included.
inline constexpr auto kLeaseMargin = 500ms;
/// Renewals in one lease: two may be lost.
inline constexpr int kRenewalsPerLease = 3;
/// Jobs one worker connection may hold, and ask for in one claim.
inline constexpr std::size_t kMaxWorkerJobs = 1'000;
inline constexpr std::int64_t kMaxClaim = 64;
inline constexpr std::size_t kMaxClaimTypes = 256;
/// Commands and bytes of one worker connection that wait for the store; beyond it `overloaded`.
inline constexpr std::size_t kMaxWorkerCommands = 2'048;
inline constexpr std::size_t kMaxWorkerBytes = 8 * kMiB;
/// How often it is looked for leases, delays and deadlines that have run out.
inline constexpr auto kSweepInterval = 250ms;
/// Jobs that one look handles before other commands get their turn.
inline constexpr std::size_t kSweepJobs = 500;

// --- Search ---
/// A larger file is data, not text that a person reads.
inline constexpr std::uint64_t kMaxSearchFileBytes = 2 * kMiB;
/// Files and bytes of text of one index: one core indexes this much in less than a minute, and the list of
/// files stays below 10 MB of memory. What lies beyond is left out, with a warning in the log.
inline constexpr std::size_t kMaxSearchFiles = 50'000;
inline constexpr std::uint64_t kMaxSearchBytes = 512 * kMiB;
/// Index generations kept on disk for jobs that a restart interrupted.
inline constexpr std::size_t kSearchGenerationsKept = 3;
inline constexpr std::size_t kMaxSearchQueryBytes = 1'000;
/// Hits of one job, well below kMaxEventsPerJob.
inline constexpr std::uint64_t kMaxSearchHits = 100'000;

}  // namespace hawser::limits
