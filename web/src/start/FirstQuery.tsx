import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { say, useLanguage } from "../words/words";

function firstQuery(): string {
  const query = '{"query": "{ reports(first: 3) { nodes { code text status area { name } } } }"}';
  return `curl ${location.origin}/graphql \\\n  -H 'Content-Type: application/json' \\\n  -d '${query}'`;
}

/** Something to paste into a terminal. */
export function FirstQuery() {
  useLanguage();
  const [copied, setCopied] = useState(false);
  // Without a secure context (http:// on another machine) there is no clipboard; the text can still be selected.
  const copy = () => navigator.clipboard.writeText(firstQuery()).then(() => setCopied(true));
  return (
    <section className="developers" aria-labelledby="developers-title">
      <h2 id="developers-title">{say("developers.title")}</h2>
      <p className="soft">{say("developers.body")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{firstQuery()}</code>
      </pre>
      {"clipboard" in navigator && (
        <button type="button" className="button" onClick={copy}>
          {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
          {copied ? say("developers.copied") : say("developers.copy")}
        </button>
      )}
    </section>
  );
}
