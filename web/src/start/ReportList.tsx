import { ArrowUp } from "lucide-react";
import { useCallback, useRef } from "react";
import { say, useLanguage } from "../words/words";
import { KEPT } from "./feed";
import { reveal, type StartState } from "./hub";
import { ReportCard } from "./ReportCard";
import { useShortcut } from "./shortcuts";

/** The newest reports. What arrives waits behind "3 new" until it is asked for: nothing moves under the reader. */
export function ReportList({ feed, loaded, connection }: Pick<StartState, "feed" | "loaded" | "connection">) {
  useLanguage();
  const list = useRef<HTMLOListElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const count = feed.waiting.length;

  const showNew = useCallback(() => {
    if (count === 0) return;
    reveal();
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: "start" });
  }, [count]);
  const step = (by: 1 | -1) => () => {
    const cards = [...(list.current?.querySelectorAll<HTMLElement>("article") ?? [])];
    const at = cards.indexOf(document.activeElement as HTMLElement);
    cards[at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + by))]?.focus();
  };
  useShortcut("b", showNew);
  useShortcut("j", step(1));
  useShortcut("k", step(-1));

  return (
    <section className="reports" aria-labelledby="reports-title">
      <h2 id="reports-title" ref={heading} tabIndex={-1}>
        {say("reports.title")}
      </h2>
      <div className="news">
        {count > 0 ? (
          <button type="button" className="button primary" onClick={showNew}>
            <ArrowUp size={18} aria-hidden="true" />
            {feed.overflowed ? say("reports.newMany", { count: KEPT }) : say("reports.new", { count })}
          </button>
        ) : (
          <p className="soft">{idleWords(connection.state === "live", loaded)}</p>
        )}
      </div>
      {/* Spoken once when something begins to wait, not for every report. */}
      <div className="visually-hidden" role="status">
        {count > 0 ? say("reports.spoken") : ""}
      </div>
      {loaded && feed.rows.length === 0 && count === 0 && <p className="soft empty">{say("reports.none")}</p>}
      <ol ref={list}>
        {feed.rows.map((row) => (
          <li key={row.report.id}>
            <ReportCard row={row} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function idleWords(live: boolean, loaded: boolean): string {
  if (!loaded) return say("reports.loading");
  return live ? say("reports.upToDate") : say("reports.paused");
}
