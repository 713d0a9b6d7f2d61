/**
 * Counts what really reached this page, from the sequence numbers alone and apart from the rule that accepts
 * events: if that rule or the server were wrong, the count line would say so.
 */
export class Ledger {
  private readonly shown = new Set<number>();
  private readonly hits = new Set<number>();
  private highest = 0;
  private repeats = 0;
  private missing = 0;

  /** An event of the job came over the wire, shown or not. */
  delivered(sequence: number): void {
    this.highest = Math.max(this.highest, sequence);
  }

  /** An event was taken into the page. */
  accepted(sequence: number, isHit: boolean): void {
    if (this.shown.has(sequence)) this.repeats += 1;
    this.shown.add(sequence);
    if (isHit) this.hits.add(sequence);
  }

  /** The server withdrew the output after `sequence` (job:resumed). */
  withdrawn(sequence: number): void {
    for (const hit of this.hits) if (hit > sequence) this.hits.delete(hit);
  }

  /** The line is live and caught up: whatever is not here by now is lost. */
  settle(): void {
    this.missing = this.highest - this.shown.size;
  }

  /** The job is complete and says how many hits it sent. */
  complete(hits: number): void {
    this.settle();
    this.missing = Math.max(this.missing, hits - this.hits.size);
  }

  get received(): number {
    return this.hits.size;
  }
  get lost(): number {
    return this.missing;
  }
  get doubled(): number {
    return this.repeats;
  }
}
