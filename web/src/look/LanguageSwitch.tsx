import { say, speak, useLanguage } from "../words/words";

const NAMES = { id: "Indonesia", en: "English" } as const;

/** Indonesian or English, remembered. */
export function LanguageSwitch() {
  const chosen = useLanguage();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's frame and legend are more than two buttons need
    <div className="languages" role="group" aria-label={say("language.label")}>
      {(["id", "en"] as const).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={chosen === language}
          aria-label={`${language.toUpperCase()} · ${NAMES[language]}`}
          onClick={() => speak(language)}
        >
          {language.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
