import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { en } from "../src/words/en";
import { id } from "../src/words/id";

const placeholders = (message: string) => new Set([...message.matchAll(/\{(\w+)/g)].map(([, name]) => name));

describe("words", () => {
  test.each(Object.keys(id) as (keyof typeof id)[])("%s says the same things in both languages", (key) => {
    expect(en[key]).not.toBe("");
    // Nested plural texts name no other value, so the outermost names are all there are.
    const [indonesian, english] = [placeholders(id[key]), placeholders(en[key])];
    expect(english).toEqual(indonesian);
  });
});

describe("speaking", () => {
  beforeEach(() => {
    vi.stubGlobal("document", { documentElement: { lang: "" } });
    vi.stubGlobal("localStorage", undefined);
  });
  afterEach(() => vi.unstubAllGlobals());

  test("Indonesian first, English when chosen, also where nothing can be remembered", async () => {
    const { say, speak, speakAsBefore, language } = await import("../src/words/words");
    speakAsBefore();
    expect(language()).toBe("id");
    expect(say("reports.new", { count: 3 })).toBe("3 laporan baru");
    speak("en");
    expect(say("reports.new", { count: 1 })).toBe("1 new report");
    expect(say("reports.new", { count: 3 })).toBe("3 new reports");
    expect(document.documentElement.lang).toBe("en");
    speak("id");
  });

  test("ages are said as people say them, exact times in Jakarta's", async () => {
    const { sayAge, sayExact } = await import("../src/look/age");
    expect([-5, 9, 59, 60, 3599, 3600, 86_399, 86_400 * 3].map(sayAge)).toEqual([
      "baru saja",
      "baru saja",
      "59 detik lalu",
      "1 menit lalu",
      "59 menit lalu",
      "1 jam lalu",
      "23 jam lalu",
      "3 hari lalu",
    ]);
    expect(sayExact("2026-01-01T20:30:00Z", "id")).toBe("2 Jan 2026, 03.30.00 WIB");
    expect(sayExact("2026-01-01T20:30:00Z", "en")).toBe("2 Jan 2026, 03:30:00 WIB");
  });

  test("a value that the hub learned later has a word too", async () => {
    const { sayValue } = await import("../src/words/words");
    expect(sayValue("status", "SUBMITTED")).toBe("Masuk");
    expect(sayValue("status", "SOMETHING_NEW")).toBe("Lainnya");
  });
});
