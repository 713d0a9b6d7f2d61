import type { HitList } from "./hit_list";
import type { StreamListener } from "./job_stream";
import { Ledger } from "./ledger";
import {
  readHit,
  readHitCount,
  readKeepThrough,
  readProgress,
  type Failure,
  type JobEvent,
  type Progress,
} from "./protocol";
import { forgetJob } from "./storage";

interface Parts {
  section: HTMLElement;
  state: HTMLElement;
  progress: HTMLProgressElement;
  count: HTMLElement;
  detail: HTMLElement;
  error: HTMLElement;
  cancel: HTMLButtonElement;
  hits: HitList;
}

type Phase = "starting" | "running" | "completed" | "failed" | "cancelled" | "refused";

const kNumber = new Intl.NumberFormat("en");

/** One search on the page. Events only change fields; the document follows once a frame. */
export class SearchView {
  private phase: Phase = "starting";
  private query = "";
  private progress: Progress | null = null;
  private ledger = new Ledger();
  private live = false;
  private caughtUp = false;
  private restarting = false;
  private error = "";
  private frame = 0;

  constructor(private readonly parts: Parts) {
    addEventListener("scroll", () => this.invalidate(), { passive: true });
    addEventListener("resize", () => {
      parts.hits.measure();
      this.invalidate();
    });
  }

  begin(query: string): void {
    this.phase = "starting";
    this.query = query;
    this.progress = null;
    this.ledger = new Ledger();
    this.caughtUp = false;
    this.error = "";
    this.parts.hits.clear();
    this.parts.section.hidden = false;
    this.invalidate();
  }

  onCancel(cancel: () => void): void {
    this.parts.cancel.addEventListener("click", cancel);
  }

  setLive(live: boolean): void {
    this.live = live;
    if (live) this.restarting = false;
    else this.caughtUp = false;
    this.invalidate();
  }

  announceRestart(): void {
    this.restarting = true;
    this.invalidate();
  }

  listener(onJobId: () => void): StreamListener {
    return {
      onJobId,
      onDelivered: (event) => this.ledger.delivered(event.sequence),
      onEvent: (name, event) => this.take(name, event),
      onCaughtUp: () => {
        this.caughtUp = true;
        this.invalidate();
      },
      onFailure: (failure) => this.refuse(failure),
    };
  }

  private take(name: string, event: JobEvent): void {
    const hit = name === "job:chunk" ? readHit(event.payload) : null;
    this.ledger.accepted(event.sequence, hit !== null);
    if (hit) this.parts.hits.add(event.sequence, hit);
    else this.change(name, event);
    this.invalidate();
  }

  private change(name: string, event: JobEvent): void {
    switch (name) {
      case "job:started":
        this.phase = "running";
        break;
      case "job:resumed":
        this.phase = "running";
        this.withdraw(readKeepThrough(event.payload));
        break;
      case "job:progress":
        this.progress = readProgress(event.payload) ?? this.progress;
        break;
      case "job:completed":
        this.phase = "completed";
        this.ledger.complete(readHitCount(event.payload) ?? this.ledger.received);
        break;
      case "job:failed":
        this.phase = "failed";
        this.error = String(event.payload["error"] ?? "");
        break;
      case "job:cancelled":
        this.phase = "cancelled";
        break;
    }
  }

  private withdraw(keepThrough: number | null): void {
    if (keepThrough === null) return;
    this.error = "";
    this.ledger.withdrawn(keepThrough);
    this.parts.hits.keepThrough(keepThrough);
  }

  private refuse(failure: Failure): void {
    // A job this server does not know, or refuses to begin, will not come by asking again after a reload.
    if (this.phase === "starting") {
      this.phase = "refused";
      forgetJob();
    }
    this.error = failure.error;
    this.invalidate();
  }

  private invalidate(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.render());
  }

  private render(): void {
    this.frame = 0;
    const { parts, ledger } = this;
    if (parts.section.hidden) return;
    if (this.live && this.caughtUp && !this.ended) ledger.settle();
    parts.count.textContent =
      `received ${kNumber.format(ledger.received)} · lost ${kNumber.format(ledger.lost)}` +
      ` · doubled ${kNumber.format(ledger.doubled)}`;
    // Before the first hit the server may still be reading the folder, and says how far it is.
    parts.detail.textContent = ledger.received === 0 && !this.ended ? (this.progress?.message ?? "") : "";
    setText(parts.state, this.sentence());
    this.renderProgress();
    parts.cancel.hidden = this.ended;
    parts.cancel.disabled = !this.live;
    setText(parts.error, this.error);
    parts.error.hidden = this.error === "";
    parts.hits.render();
  }

  private renderProgress(): void {
    const bar = this.parts.progress;
    bar.dataset["phase"] = this.phase;
    if (this.phase === "completed") bar.value = 100;
    else if (this.progress && this.progress.total > 0) bar.value = (100 * this.progress.current) / this.progress.total;
    else if (this.ended) bar.value = 0;
    else bar.removeAttribute("value");
  }

  private get ended(): boolean {
    return this.phase !== "starting" && this.phase !== "running";
  }

  private sentence(): string {
    const count = kNumber.format(this.ledger.received);
    switch (this.phase) {
      case "completed":
        return `Completed: ${count} ${this.ledger.received === 1 ? "hit" : "hits"} for “${this.query}”`;
      case "cancelled":
        return `Cancelled; what had arrived is kept`;
      case "failed":
        return `Failed; what had arrived is kept`;
      case "refused":
        return `The server did not take the search`;
      default:
        return this.running();
    }
  }

  private running(): string {
    if (this.restarting) return "The server restarts; the search goes on by itself";
    if (!this.live) return "The line is cut; the search goes on by itself";
    return this.phase === "starting" ? `Starting “${this.query}”` : `Searching “${this.query}”`;
  }
}

/** Writing the same text again would make screen readers say it again. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
