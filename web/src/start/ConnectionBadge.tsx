import { CircleCheck, LoaderCircle, RotateCw, Unplug, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { say, useLanguage } from "../words/words";
import { type Connection, retryNow } from "./hub";

const LOOKS = {
  live: { Shape: CircleCheck, tone: "live" },
  connecting: { Shape: LoaderCircle, tone: "connecting" },
  waiting: { Shape: Unplug, tone: "lost" },
  offline: { Shape: WifiOff, tone: "lost" },
  stopped: { Shape: Unplug, tone: "lost" },
} as const;

/** The connection's state, always in sight. */
export function ConnectionBadge({ connection }: { connection: Connection }) {
  useLanguage();
  const seconds = useCountdown(connection.retryAt);
  const { Shape, tone } = LOOKS[connection.state];
  const words =
    connection.state === "waiting" ? say("connection.waiting", { seconds }) : say(`connection.${connection.state}`);
  return (
    <span className="connection">
      <span className={`chip tone-connection-${tone}`} data-connection={connection.state}>
        <Shape size={16} aria-hidden="true" />
        <span className="connection-words">
          {words}
          {/* The badge is as wide while it connects as it is afterwards: the bar does not move. */}
          <span className="connection-room" aria-hidden="true">
            {say("connection.connecting")}
          </span>
        </span>
      </span>
      {connection.state === "waiting" && (
        <button type="button" className="button retry" aria-label={say("connection.retry")} onClick={retryNow}>
          <RotateCw size={16} aria-hidden="true" />
          <span className="retry-words">{say("connection.retry")}</span>
        </button>
      )}
    </span>
  );
}

/** Speaks when the connection is lost and when it is back, and at no other time. */
export function ConnectionSpeech({ connection }: { connection: Connection }) {
  useLanguage();
  const lost = connection.state === "waiting" || connection.state === "offline";
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (lost) setWasLost(true);
  }, [lost]);
  const words = lost ? say("connection.lost") : wasLost && connection.state === "live" ? say("connection.back") : "";
  return (
    <div className="visually-hidden" role="status">
      {words}
    </div>
  );
}

function useCountdown(until: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (until === undefined) return;
    setNow(Date.now());
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, [until]);
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}
