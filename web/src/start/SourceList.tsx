import type { Source } from "../hub/operations";
import { Age, useHubNow } from "../look/Age";
import { sayAge } from "../look/age";
import { StateChip } from "../look/StateChip";
import { say, sayValue, useLanguage } from "../words/words";

/** Each source: how it is, and how old its data is. */
export function SourceList({ sources }: { sources: readonly Source[] }) {
  useLanguage();
  return (
    <section className="sources" aria-labelledby="sources-title">
      <h2 id="sources-title">{say("sources.title")}</h2>
      {sources.length === 0 && <p className="soft">{say("sources.none")}</p>}
      <ul>
        {sources.map((source) => (
          <SourceCard key={source.id} source={source} />
        ))}
      </ul>
    </section>
  );
}

function SourceCard({ source }: { source: Source }) {
  const troubled = source.state === "DOWN" || source.state === "DEGRADED";
  return (
    <li className="source" data-source={source.code} data-state={source.state}>
      <div className="source-head">
        <h3>{source.name}</h3>
        <StateChip kind="source" value={source.state} />
      </div>
      <p className="soft">{sayValue("kind", source.kind)}</p>
      <div className="source-facts soft">
        <SourceAge source={source} />
        <span>{say("sources.records", { count: source.recordCount })}</span>
      </div>
      {troubled && source.lastError && <p className="source-error">{source.lastError}</p>}
      {source.setAsideCount > 0 && <p className="soft">{say("sources.setAside", { count: source.setAsideCount })}</p>}
      {source.profile && (
        <p className="soft">
          {say(source.reconstructed ? "sources.profile.reconstructed" : "sources.profile", { profile: source.profile })}
        </p>
      )}
    </li>
  );
}

function SourceAge({ source }: { source: Source }) {
  const now = useHubNow();
  if (source.kind === "HUB") return <span>{say("sources.live")}</span>;
  if (!source.lastSuccessAt) return <span>{say("sources.never")}</span>;
  if (source.state === "UP") {
    return (
      <span>
        {say("sources.updated")} <Age at={source.lastSuccessAt} />
      </span>
    );
  }
  // Data older than it should be says so where it stands.
  const age = sayAge((now - Date.parse(source.lastSuccessAt)) / 1000);
  return (
    <time className="stale" dateTime={source.lastSuccessAt}>
      {say("sources.stale", { age })}
    </time>
  );
}
