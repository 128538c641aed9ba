import { type Language, say } from "../words/words";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An age as people say it. Seconds; below zero (clocks differ) counts as now. */
export function sayAge(seconds: number): string {
  if (seconds < 10) return say("age.now");
  if (seconds < MINUTE) return say("age.seconds", { n: Math.floor(seconds) });
  if (seconds < HOUR) return say("age.minutes", { n: Math.floor(seconds / MINUTE) });
  if (seconds < DAY) return say("age.hours", { n: Math.floor(seconds / HOUR) });
  return say("age.days", { n: Math.floor(seconds / DAY) });
}

/** The exact time in Jakarta, wherever the reader is. */
export function sayExact(at: string, language: Language): string {
  const time = new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    timeZone: "Asia/Jakarta",
    dateStyle: "medium",
    timeStyle: "medium",
  }).format(new Date(at));
  return say("age.exact", { time });
}
