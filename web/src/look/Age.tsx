import { useState, useSyncExternalStore } from "react";
import { useLanguage } from "../words/words";
import { sayAge, sayExact } from "./age";

const TICK_MS = 5_000;

let skewMs = 0;
let now = Date.now();
const watchers = new Set<() => void>();

/** Ages are counted by the hub's clock: a phone whose own is wrong still shows them right. */
export function setHubClock(hubNow: string): void {
  skewMs = Date.parse(hubNow) - Date.now();
  tick();
}

function tick(): void {
  now = Date.now() + skewMs;
  for (const watcher of watchers) watcher();
}

let ticking: ReturnType<typeof setInterval> | undefined;

/** One clock for all ages on the page; it stands still while nobody looks at one. */
export function useHubNow(): number {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      ticking ??= setInterval(tick, TICK_MS);
      return () => {
        watchers.delete(changed);
        if (watchers.size > 0) return;
        clearInterval(ticking);
        ticking = undefined;
      };
    },
    () => now,
  );
}

/** An age; the exact time on hover, and in its place when pressed. */
export function Age({ at }: { at: string }) {
  const language = useLanguage();
  const seconds = (useHubNow() - Date.parse(at)) / 1000;
  const [exact, setExact] = useState(false);
  const time = sayExact(at, language);
  return (
    <button type="button" className="age" title={time} aria-pressed={exact} onClick={() => setExact(!exact)}>
      <time dateTime={at}>{exact ? time : sayAge(seconds)}</time>
    </button>
  );
}
