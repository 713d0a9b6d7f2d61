import type { Hit } from "./protocol";

interface Row {
  sequence: number;
  hit: Hit;
}

/** Rows above and below the window that are kept ready, so that scrolling never shows a hole. */
const kOverscan = 12;
/** Plain text in front of the first match; more would push the match out of the row. */
const kLeadCharacters = 48;
const kNarrowLeadCharacters = 12;
const kNarrowPixels = 480;

/**
 * The results, best first. Only the rows near the window are in the document, so ten thousand hits cost as much as
 * fifty. All rows have the height of the first.
 */
export class HitList {
  private rows: Row[] = [];
  private readonly nodes = new Map<number, HTMLLIElement>();
  private rowHeight = 0;

  constructor(private readonly list: HTMLOListElement) {}

  get length(): number {
    return this.rows.length;
  }

  add(sequence: number, hit: Hit): void {
    this.rows.push({ sequence, hit });
  }

  /** Drops what was sent after `sequence`. */
  keepThrough(sequence: number): void {
    this.rows = this.rows.filter((row) => row.sequence <= sequence);
    this.drop(() => true);
  }

  clear(): void {
    this.rows = [];
    this.drop(() => true);
  }

  /** The window changed its size: rows may have another height now. */
  measure(): void {
    this.rowHeight = 0;
  }

  /** Brings the document up to date; called at most once a frame. */
  render(): void {
    if (this.rowHeight === 0 && this.rows.length > 0) this.rowHeight = this.measureRow();
    const [first, end] = this.visibleRange();
    this.drop((index) => index < first || index >= end);
    let next = this.list.firstElementChild;
    for (let index = first; index < end; index += 1) {
      const present = this.nodes.get(index);
      if (present) next = present.nextElementSibling;
      else this.list.insertBefore(this.make(index), next);
    }
    this.list.style.paddingBlockStart = `${first * this.rowHeight}px`;
    this.list.style.paddingBlockEnd = `${(this.rows.length - end) * this.rowHeight}px`;
  }

  private measureRow(): number {
    const sample = this.nodes.get(0) ?? this.list.appendChild(this.make(0));
    return sample.getBoundingClientRect().height;
  }

  private visibleRange(): [number, number] {
    if (this.rowHeight === 0) return [0, 0];
    const top = this.list.getBoundingClientRect().top;
    const first = Math.floor(-top / this.rowHeight) - kOverscan;
    const end = Math.ceil((window.innerHeight - top) / this.rowHeight) + kOverscan;
    const within = (index: number): number => Math.min(Math.max(index, 0), this.rows.length);
    return [within(first), within(end)];
  }

  private drop(unwanted: (index: number) => boolean): void {
    for (const [index, node] of this.nodes) {
      if (!unwanted(index)) continue;
      node.remove();
      this.nodes.delete(index);
    }
  }

  private make(index: number): HTMLLIElement {
    const item = document.createElement("li");
    const row = this.rows[index];
    if (row) item.append(place(row.hit), snippet(row.hit));
    item.setAttribute("aria-posinset", String(index + 1));
    // The total is not known while results still arrive.
    item.setAttribute("aria-setsize", "-1");
    this.nodes.set(index, item);
    return item;
  }
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function place(hit: Hit): HTMLElement {
  const cut = hit.file.lastIndexOf("/") + 1;
  const line = element("p", "place", "");
  line.title = `${hit.file}:${hit.line}`;
  line.append(
    element("span", "folder", hit.file.slice(0, cut)),
    element("span", "file", hit.file.slice(cut)),
    element("span", "line", `:${hit.line}`),
  );
  return line;
}

/** Built from text nodes only: what stands in a file can never become markup. */
function snippet(hit: Hit): HTMLElement {
  const line = element("p", "snippet", "");
  hit.snippet.forEach((piece, index) => {
    if (index % 2 === 1) line.append(element("mark", "", piece));
    else line.append(index === 0 ? tail(piece.trimStart()) : piece);
  });
  return line;
}

function tail(text: string): string {
  const room = window.innerWidth < kNarrowPixels ? kNarrowLeadCharacters : kLeadCharacters;
  if (text.length <= room) return text;
  const kept = text.slice(-room);
  return `…${kept.slice(kept.indexOf(" ") + 1)}`;
}
