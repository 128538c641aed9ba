import "./workers";
import "../look/base.css";
// Part by part: their sum, graphiql/style.css, carries half a megabyte of typefaces that we do not use.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./graphiql.css";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { Logo } from "../look/Logo";
import { say, speakAsBefore, useLanguage } from "../words/words";
import { ExamplesPanel } from "./ExamplesPanel";
import { EXAMPLES } from "./examples";
import { fetcher } from "./fetcher";

speakAsBefore();

const examplesPlugin = { title: say("graphiql.examples"), icon: ExamplesIcon, content: ExamplesPanel };
const [first] = EXAMPLES[0]?.examples ?? [];

function ExamplesIcon() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M4 5h9M4 12h6M4 19h9M17 8l4 4-4 4" />
    </svg>
  );
}

function Page() {
  useLanguage();
  return (
    <>
      <h1 className="visually-hidden">{say("graphiql.title")}</h1>
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={first?.query ?? ""}
        defaultEditorToolsVisibility="variables"
        plugins={[examplesPlugin, HISTORY_PLUGIN]}
        visiblePlugin={examplesPlugin}
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>
          <a className="brand" href="/" title={say("graphiql.home")}>
            <Logo />
            <span>Simpul</span>
          </a>
        </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<Page />);
