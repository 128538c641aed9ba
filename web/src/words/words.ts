import { setupI18n } from "@lingui/core";
import { compileMessage } from "@lingui/message-utils/compileMessage";
import { useSyncExternalStore } from "react";
import { en } from "./en";
import { id, type WordKey } from "./id";

export type Language = "id" | "en";

const CHOSEN = "simpul.language";
const i18n = setupI18n({ locale: "id", messages: { id, en } });
i18n.setMessagesCompiler(compileMessage);

/** Says a message in the language chosen. */
export function say(key: WordKey, values?: Record<string, string | number>): string {
  return i18n._(key, values);
}

/** The word for an enum value of the hub. The hub may grow new values: those have a word too. */
export function sayValue(prefix: "kind" | "source" | "status" | "flood", value: string): string {
  const key = `${prefix}.${value}`;
  return say(key in id ? (key as WordKey) : `${prefix}.other`);
}

export function language(): Language {
  return i18n.locale === "en" ? "en" : "id";
}

export function speak(chosen: Language): void {
  i18n.activate(chosen);
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(CHOSEN, chosen);
  } catch {
    // Private windows refuse to keep anything; the choice then lasts as long as the page.
  }
}

/** Indonesian, unless this person chose English before. */
export function speakAsBefore(): void {
  let before: string | null = null;
  try {
    before = localStorage.getItem(CHOSEN);
  } catch {
    // As in `speak`.
  }
  i18n.activate(before === "en" ? "en" : "id");
  document.documentElement.lang = language();
}

/** Renders again when the language changes. */
export function useLanguage(): Language {
  return useSyncExternalStore((changed) => i18n.on("change", changed), language);
}
