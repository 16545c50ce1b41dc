import { useEffect, useRef } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { LogLine } from "../../api/schema.ts";
import { Card } from "../../parts/card.tsx";
import { formatCount, plural } from "../../parts/numbers.ts";
import { Time } from "../../parts/time.tsx";
import { useLogLines } from "./log-lines.ts";

interface LogProps {
  readonly jobId: string;
  readonly isEnded: boolean;
  /** The plugin of each step. */
  readonly steps: readonly string[];
}

/** Lines in one block. The browser lays out only the blocks that are in view. */
const BLOCK = 200;
const NEAR_END_PX = 30;
const KEYS_BACK: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home"]);

export function Log({ jobId, isEnded, steps }: LogProps) {
  const { lines, dropped } = useLogLines(jobId, isEnded);
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  /**
   * `null` while new lines should stay in view. Else the furthest back that the reader has been since
   * leaving the end, in pixels from the beginning. The log of a job that is over is read from there.
   */
  const leftAt = useRef<number | null>(isEnded ? 0 : null);
  const count = lines.value.length;
  const isEmpty = count === 0;
  const toEnd = (): void => {
    leftAt.current = null;
    box.current?.scrollTo(0, box.current.scrollHeight);
  };
  useEffect(() => {
    if (isEmpty) return;
    // Also for blocks that get their height later, when they come into view.
    const follow = new ResizeObserver(() => {
      if (leftAt.current === null) toEnd();
    });
    follow.observe(content.current!);
    return () => follow.disconnect();
  }, [isEmpty]);
  const stay = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    if (scrollHeight > clientHeight) leftAt.current ??= scrollTop;
  };

  if (isEmpty) {
    return (
      <Card title="Log">
        <p class="body faint">{isEnded ? "The plugins logged nothing." : "Nothing yet."}</p>
      </Card>
    );
  }
  const blocks = Array.from({ length: Math.ceil(count / BLOCK) }, (_, index) =>
    lines.value.slice(index * BLOCK, (index + 1) * BLOCK),
  );
  return (
    <Card
      title="Log"
      note={plural(count + dropped.value, "line")}
      acts={
        <button type="button" class="link" onClick={() => void downloadLog(jobId, steps)}>
          Download
        </button>
      }
    >
      <div
        class="log"
        ref={box}
        tabIndex={0}
        role="log"
        aria-label="Log"
        aria-live="off"
        onWheel={({ deltaY }) => deltaY < 0 && stay()}
        onPointerDown={stay}
        onTouchMove={stay}
        onKeyDown={({ key }) => {
          if (key === "End") toEnd();
          else if (KEYS_BACK.has(key)) stay();
        }}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          if (leftAt.current === null) return;
          // The event of the last step to the end can come after the reader has left it.
          const isForward = scrollTop > leftAt.current;
          leftAt.current = Math.min(leftAt.current, scrollTop);
          const isNearEnd = scrollTop + clientHeight > scrollHeight - NEAR_END_PX;
          if (isForward && isNearEnd) leftAt.current = null;
        }}
      >
        <div ref={content}>
          {dropped.value > 0 && (
            <p class="faint">
              {formatCount(dropped.value)} earlier lines are only in the download.
            </p>
          )}
          {blocks.map((block, index) => (
            <Block key={index} lines={block} steps={steps} />
          ))}
        </div>
      </div>
    </Card>
  );
}

interface BlockProps {
  readonly lines: readonly LogLine[];
  readonly steps: readonly string[];
}

function Block({ lines, steps }: BlockProps) {
  return (
    <div class={lines.length === BLOCK ? "log-block whole" : "log-block"}>
      {lines.map(({ number, at, level, message, data, step }) => (
        <div key={number} class={level} title={steps[step]}>
          <Time at={at} format="precise" /> {level === "info" ? "" : <b>{level} </b>}
          {message}
          {data !== null && <span class="faint"> {JSON.stringify(data)}</span>}
        </div>
      ))}
    </div>
  );
}

const PAGE = 500;

async function downloadLog(jobId: string, steps: readonly string[]): Promise<void> {
  const parts: string[] = [];
  let cursor: number | null = 0;
  while (cursor !== null) {
    const page: { items: readonly LogLine[]; nextCursor: string | null } = await call(
      "GET /v1/jobs/{id}/logs",
      { params: { id: jobId }, query: { limit: PAGE, cursor } },
    );
    for (const { at, level, step, message, data } of page.items) {
      const extra = data === null ? "" : ` ${JSON.stringify(data)}`;
      parts.push(`${at} ${level} ${steps[step] ?? step}: ${message}${extra}\n`);
    }
    cursor = page.nextCursor === null ? null : Number(page.nextCursor);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = `${jobId}.log`;
  link.click();
}
