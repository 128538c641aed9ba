import { Keyboard } from "lucide-react";
import { useCallback, useRef } from "react";
import { say, useLanguage } from "../words/words";
import { useShortcut } from "./shortcuts";

const KEYS = [
  ["b", "keys.new"],
  ["j", "keys.next"],
  ["k", "keys.previous"],
  ["?", "keys.help"],
] as const;

/** What the keys do, at `?` or by its button. */
export function ShortcutHelp() {
  useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const open = useCallback(() => dialog.current?.showModal(), []);
  useShortcut("?", open);
  return (
    <>
      <button type="button" className="button quiet" onClick={open} aria-keyshortcuts="?">
        <Keyboard size={18} aria-hidden="true" />
        {say("keys.open")}
      </button>
      <dialog ref={dialog} aria-labelledby="keys-title">
        <h2 id="keys-title">{say("keys.title")}</h2>
        <dl>
          {KEYS.map(([key, words]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{say(words)}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit" className="button">
            {say("keys.close")}
          </button>
        </form>
      </dialog>
    </>
  );
}
