import { FileCode2, TerminalSquare } from "lucide-react";
import { useEffect } from "react";
import { LanguageSwitch } from "../look/LanguageSwitch";
import { Logo } from "../look/Logo";
import { say, useLanguage } from "../words/words";
import { ConnectionBadge, ConnectionSpeech } from "./ConnectionBadge";
import { FirstQuery } from "./FirstQuery";
import { type StartState, useHub, useStart } from "./hub";
import { ReportList } from "./ReportList";
import { ShortcutHelp } from "./ShortcutHelp";
import { SourceList } from "./SourceList";

export function StartPage() {
  const language = useLanguage();
  useHub();
  const { feed, sources, loaded, connection, trouble } = useStart();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the title is said in the language chosen
  useEffect(() => {
    document.title = say("page.title");
  }, [language]);
  return (
    <>
      <a className="skip" href="#reports-title">
        {say("page.skip")}
      </a>
      <header className="bar">
        <a className="brand" href="/" aria-label="Simpul">
          <Logo />
          <span className="brand-name">Simpul</span>
        </a>
        <ConnectionBadge connection={connection} />
        <LanguageSwitch />
      </header>
      <ConnectionSpeech connection={connection} />
      <main>
        <Intro />
        {trouble && <Trouble trouble={trouble} />}
        {/* Nothing stands below until all of it is known, so nothing shifts when it comes. */}
        {loaded ? (
          <div className="columns">
            <SourceList sources={sources} />
            <ReportList feed={feed} loaded={loaded} connection={connection} />
            <FirstQuery />
          </div>
        ) : (
          !trouble && <p className="soft loading">{say("reports.loading")}</p>
        )}
      </main>
      {loaded && (
        <footer>
          <ShortcutHelp />
        </footer>
      )}
    </>
  );
}

function Intro() {
  return (
    <section className="intro">
      <h1>{say("intro.title")}</h1>
      <p>{say("intro.body")}</p>
      <nav className="links">
        <a className="button primary" href="/graphiql">
          <TerminalSquare size={18} aria-hidden="true" />
          {say("intro.graphiql")}
        </a>
        <a className="button" href="/schema.graphql">
          <FileCode2 size={18} aria-hidden="true" />
          {say("intro.schema")}
        </a>
      </nav>
    </section>
  );
}

function Trouble({ trouble }: { trouble: NonNullable<StartState["trouble"]> }) {
  return (
    <section className="trouble" role="alert">
      <h2>{say("error.title")}</h2>
      <p>
        {trouble.kind === "unreachable" ? say("error.unreachable") : say("error.refused", { message: trouble.message })}
      </p>
      {trouble.kind === "refused" && (
        <button type="button" className="button" onClick={() => location.reload()}>
          {say("error.reload")}
        </button>
      )}
    </section>
  );
}
