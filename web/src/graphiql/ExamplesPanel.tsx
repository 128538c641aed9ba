import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useState } from "react";
import { LanguageSwitch } from "../look/LanguageSwitch";
import { say, useLanguage } from "../words/words";
import { EXAMPLES, type Example, variablesOf } from "./examples";
import { usesToken, withoutToken, withToken } from "./token";

/** Everything the hub can do, one example each; and the box for a token. */
export function ExamplesPanel() {
  const language = useLanguage();
  const { addTab } = useGraphiQLActions();
  const editors = useGraphiQL((state) => ({
    query: state.queryEditor,
    variables: state.variableEditor,
    headers: state.headerEditor,
  }));
  const open = (example: Example) => {
    // A new tab starts without headers: the token goes along.
    const headers = editors.headers?.getValue() ?? "";
    addTab();
    editors.query?.setValue(example.query);
    editors.variables?.setValue(variablesOf(example));
    editors.headers?.setValue(headers);
    editors.query?.focus();
  };
  return (
    <div className="examples">
      <div className="examples-head">
        <h2>{say("graphiql.examples")}</h2>
        <LanguageSwitch />
      </div>
      <TokenBox />
      <p>{say("graphiql.examples.intro")}</p>
      {EXAMPLES.map((group) => (
        <section key={group.name.en}>
          <h3>{group.name[language]}</h3>
          <ul>
            {group.examples.map((example) => (
              <li key={example.name.en}>
                <button type="button" onClick={() => open(example)} data-example={example.key}>
                  {example.name[language]}
                  {example.role && <small>{example.role}</small>}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function TokenBox() {
  const editor = useGraphiQL((state) => state.headerEditor);
  const [typed, setTyped] = useState("");
  const [inUse, setInUse] = useState(false);
  useEffect(() => {
    // Also when the headers are edited by hand, or another tab's come up.
    const read = () => setInUse(usesToken(editor?.getValue() ?? ""));
    read();
    const listening = editor?.onDidChangeModelContent(read);
    return () => listening?.dispose();
  }, [editor]);
  const write = (headers: string) => {
    editor?.setValue(headers);
    setTyped("");
  };
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim()) write(withToken(editor?.getValue() ?? "", typed));
      }}
    >
      <label htmlFor="token">{say("graphiql.token")}</label>
      <div className="token-row">
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          aria-describedby="token-hint"
        />
        <button type="submit" className="button">
          {say("graphiql.token.use")}
        </button>
      </div>
      <p id="token-hint">{say("graphiql.token.hint")}</p>
      <p role="status">
        {say(inUse ? "graphiql.token.inUse" : "graphiql.token.none")}{" "}
        {inUse && (
          <button type="button" className="button" onClick={() => write(withoutToken(editor?.getValue() ?? ""))}>
            {say("graphiql.token.remove")}
          </button>
        )}
      </p>
    </form>
  );
}
