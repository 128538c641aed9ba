import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const PACKAGE = "node_modules/@fontsource-variable/plus-jakarta-sans/wght.css";

/** The letters that each file is for, by the file's name. */
function ranges(path: string): Map<string, string> {
  const faces = readFileSync(path, "utf8").split("@font-face").slice(1);
  return new Map(
    faces.map((face) => [
      /files\/([\w-]+\.woff2)/.exec(face)?.[1] ?? "",
      (/unicode-range:([^;]+);/.exec(face)?.[1] ?? "").replace(/\s/g, ""),
    ]),
  );
}

describe("the typeface", () => {
  it("has for each of its files the letters that the package cut it for", () => {
    const theirs = ranges(PACKAGE);
    const ours = ranges("src/look/typeface.css");
    expect(ours.size).toBe(2);
    for (const [file, letters] of ours) expect(letters, file).toBe(theirs.get(file));
  });

  it("is loaded first thing by every page", () => {
    for (const page of ["index.html", "graphiql.html"]) {
      expect(readFileSync(page, "utf8")).toMatch(/rel="preload"\s+as="font"[^>]+jakarta-sans-latin-wght-normal\.woff2/);
    }
  });
});
